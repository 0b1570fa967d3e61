// A real server, of the project's own environment.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

/** The project's folder; tests run in that of the client. */
export const ROOT = resolve("../..");

/** A server of the components in `folder`, with an empty database; `address` is as it is served. */
export class Server implements AsyncDisposable {
  readonly address: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(address: string, process: ChildProcess, folder: string) {
    this.address = address;
    this.#process = process;
    this.#folder = folder;
  }

  /** Starts it; `at` has a place for its folder. */
  static async start(components: string, at: (folder: string) => string = () => "127.0.0.1:0"): Promise<Server> {
    const folder = mkdtempSync(join(tmpdir(), "toolcrib-ts-"));
    const database = `sqlite:///${join(folder, "toolcrib.db")}`;
    const program = join(ROOT, ".venv", "bin", "toolcrib");
    const child = spawn(program, ["serve", join(ROOT, components), "--address", at(folder), "--database", database], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const address = /^serving on (\S+)/.exec(line)?.[1];
      if (address !== undefined) return new Server(address, child, folder);
    }
    throw new Error("the server ended before it served");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill("SIGTERM");
      await once(this.#process, "exit");
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
