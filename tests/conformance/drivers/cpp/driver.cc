// The driver of the C++ clients; see tests/conformance/README.md.
#include <google/protobuf/struct.pb.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "components.h"
#include "json.h"
#include "toolcrib/toolcrib.h"

namespace driver {
namespace {

/// A command, or an object within one.
class Command {
 public:
  explicit Command(const Struct& content) : content_(content) {}

  bool Has(const std::string& name) const {
    const auto found = content_.fields().find(name);
    return found != content_.fields().end() && !found->second.has_null_value();
  }
  std::string Text(const std::string& name) const { return Has(name) ? content_.fields().at(name).string_value() : ""; }
  double Number(const std::string& name) const { return content_.fields().at(name).number_value(); }
  bool Flag(const std::string& name) const { return content_.fields().at(name).bool_value(); }
  Struct Object(const std::string& name) const {
    return Has(name) ? content_.fields().at(name).struct_value() : Struct();
  }
  std::vector<Struct> Objects(const std::string& name) const {
    std::vector<Struct> objects;
    if (!Has(name)) return objects;
    for (const auto& each : content_.fields().at(name).list_value().values()) objects.push_back(each.struct_value());
    return objects;
  }
  std::optional<toolcrib::Duration> Time(const std::string& name) const {
    if (!Has(name)) return std::nullopt;
    return std::chrono::duration_cast<toolcrib::Duration>(std::chrono::duration<double>(Number(name)));
  }
  bool Names(const std::string& name) const { return content_.fields().count(name) > 0; }

 private:
  const Struct& content_;
};

/// Carries out commands.
class Driver {
 public:
  /// Until the input ends.
  void Serve() {
    for (std::string line; std::getline(std::cin, line);) {
      Struct content;
      const auto status = google::protobuf::util::JsonStringToMessage(line, &content);
      if (!status.ok()) throw std::runtime_error(status.ToString());
      const std::string what = Command(content).Text("do");
      // They wait for what others do: meanwhile the driver goes on.
      if (what == "next" || what == "snapshot") {
        waiting_.emplace_back([this, content] { Answer(content); });
      } else {
        Answer(content);
      }
    }
    for (const auto& [name, watch] : watches_) watch->Close();
    for (std::thread& each : waiting_) each.join();
  }

 private:
  void Answer(const Struct& content) {
    std::string said;
    try {
      said = R"("answer":)" + Do(Command(content));
    } catch (const toolcrib::Error& error) {
      said = R"("error":)" + ErrorOf(error);
    }
    const std::lock_guard lock(output_);
    std::cout << R"({"id":)" << static_cast<std::int64_t>(Command(content).Number("id")) << "," << said << "}"
              << std::endl;
  }

  std::string Do(const Command& command) {
    const std::string what = command.Text("do");
    if (what == "call") return Call(command);
    if (what == "watch") return Watch(command);
    if (what == "snapshot") return WatchOf(command).Snapshot();
    if (what == "next") return WatchOf(command).Next();
    if (what == "resume_token") return WatchOf(command).ResumeToken();
    if (what == "transaction") return Transaction(command);
    if (what == "connect") {
      cribs_.insert_or_assign(command.Text("crib"), Connect(command));
    } else if (what == "view") {
      cribs_.insert_or_assign(command.Text("crib"), View(CribOf(command, "of"), command));
    } else if (what == "wait_ready") {
      CribOf(command).WaitReady(*command.Time("timeout_s"));
    } else if (what == "close") {
      CribOf(command).Close();
    } else if (what == "end") {
      WatchOf(command).Close();
    } else {
      throw toolcrib::Error(toolcrib::Code::INVALID_ARGUMENT, "there is no command " + what);
    }
    return "null";
  }

  static toolcrib::Crib Connect(const Command& command) {
    toolcrib::ConnectOptions options;
    options.settings.actor = command.Text("actor");
    options.settings.tenant = command.Text("tenant");
    if (command.Names("timeout_s")) options.settings.timeout = command.Time("timeout_s");
    if (command.Has("retry_writes")) options.settings.retry_writes = command.Flag("retry_writes");
    if (command.Has("tls")) {
      const Struct content = command.Object("tls");
      const Command tls(content);
      options.tls = toolcrib::Tls{
          tls.Text("root_certificates"), tls.Text("certificate"), tls.Text("key"), tls.Text("server_name")};
    }
    return toolcrib::Crib::Connect(command.Text("address"), options);
  }

  static toolcrib::Crib View(toolcrib::Crib crib, const Command& command) {
    if (command.Names("actor")) crib = crib.AsActor(command.Text("actor"));
    if (command.Names("tenant")) crib = crib.AsTenant(command.Text("tenant"));
    if (command.Names("reason")) crib = crib.WithReason(command.Text("reason"));
    if (command.Names("timeout_s")) crib = crib.WithTimeout(command.Time("timeout_s"));
    if (command.Names("retry_writes")) crib = crib.WithRetryWrites(command.Flag("retry_writes"));
    return crib;
  }

  std::string Call(const Command& command) {
    std::optional<int> limit;
    if (command.Has("limit")) limit = static_cast<int>(command.Number("limit"));
    const auto call = IsSlot(command) ? &Component<OfSlot>::Call : &Component<OfSpecimen>::Call;
    return call(CribOf(command), command.Text("method"), command.Object("request"), limit);
  }

  std::string Watch(const Command& command) {
    const auto watch = IsSlot(command) ? &Component<OfSlot>::Watch : &Component<OfSpecimen>::Watch;
    auto made = watch(CribOf(command), command.Object("request"));
    const std::lock_guard lock(names_);
    // One that had the name before may still be waited in.
    watches_[command.Text("watch")] = std::move(made);
    return "null";
  }

  std::string Transaction(const Command& command) {
    toolcrib::Transaction transaction(CribOf(command));
    for (const Struct& content : command.Objects("preconditions")) {
      const Command each(content);
      std::optional<bool> exists;
      std::optional<std::string> etag;
      if (each.Has("exists")) exists = each.Flag("exists");
      if (each.Has("etag")) etag = each.Text("etag");
      const auto require = IsSlot(each) ? &Component<OfSlot>::Require : &Component<OfSpecimen>::Require;
      require(transaction, each.Object("request"), exists, etag);
    }
    std::vector<Gathered> gathered;
    for (const Struct& content : command.Objects("writes")) {
      const Command each(content);
      const auto gather = IsSlot(each) ? &Component<OfSlot>::Gather : &Component<OfSpecimen>::Gather;
      gathered.push_back(gather(transaction, each.Text("method"), each.Object("request")));
    }
    transaction.Commit();
    const auto answers = ListOf(gathered, [](const Gathered& answer) { return answer(); });
    return R"({"revision":)" + std::to_string(transaction.revision()) + R"(,"answers":)" + answers + "}";
  }

  static bool IsSlot(const Command& command) { return command.Text("component") == "Slot"; }

  const toolcrib::Crib& CribOf(const Command& command, const std::string& name = "crib") const {
    return cribs_.at(command.Text(name));
  }

  AnyWatch& WatchOf(const Command& command) {
    const std::lock_guard lock(names_);
    return *watches_.at(command.Text("watch"));
  }

  std::map<std::string, toolcrib::Crib> cribs_;
  std::mutex names_;
  std::map<std::string, std::shared_ptr<AnyWatch>> watches_;
  std::vector<std::thread> waiting_;
  std::mutex output_;
};

}  // namespace
}  // namespace driver

int main() {
  // Reading would flush what another thread is writing.
  std::cin.tie(nullptr);
  driver::Driver().Serve();
  return 0;
}
