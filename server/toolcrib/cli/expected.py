"""What may go wrong in a command without being a defect; its text says what is wrong and what to do."""

from toolcrib.cli.console import CommandError
from toolcrib.client import ToolcribError
from toolcrib.codegen import GenerateError
from toolcrib.server.errors import EvidenceError, MigrationFailed, StartError

EXPECTED = (CommandError, EvidenceError, GenerateError, MigrationFailed, StartError, ToolcribError)
