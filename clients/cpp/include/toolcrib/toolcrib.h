// The C++ client of a Toolcrib server: the connection, its errors, lists, watches, transactions and queued writes.
//
// The typed clients of components (RecipeClient) are generated, over these.
#pragma once

#include "toolcrib/async_watch.h"
#include "toolcrib/batch_writer.h"
#include "toolcrib/crib.h"
#include "toolcrib/error.h"
#include "toolcrib/internal/answers.h"
#include "toolcrib/masks.h"
#include "toolcrib/pages.h"
#include "toolcrib/result.h"
#include "toolcrib/settings.h"
#include "toolcrib/transaction.h"
#include "toolcrib/watch.h"
