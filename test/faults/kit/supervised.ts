import type { ApiClient } from "./api-client.ts";
import { type ApiProcess, type ApiProcessOptions, type Ending, startApiProcess } from "./api-process.ts";

export interface SupervisedOptions extends ApiProcessOptions {
  /** What is put before the command of each start, in turn; after the last one, nothing. */
  readonly prefixes?: readonly (readonly string[])[];
  /** Called when a server has ended, before the next one is started. */
  ended?(ending: Ending): void;
}

/** Keeps a server on one folder and port: whenever it ends, however it does, it is started again. */
export class Supervised implements AsyncDisposable {
  readonly #options: SupervisedOptions;
  readonly #prefixes: (readonly string[])[];
  #current: Promise<ApiProcess>;
  #over = false;
  /** How often a server ended. */
  endings = 0;

  constructor(options: SupervisedOptions) {
    this.#options = options;
    this.#prefixes = [...(options.prefixes ?? [])];
    this.#current = this.#next();
  }

  /** The server that runs, or the next one. */
  get server(): Promise<ApiProcess> {
    return this.#current;
  }

  get client(): Promise<ApiClient> {
    return this.#current.then(({ client }) => client);
  }

  /** How many starts with a prefix are still to come. */
  get left(): number {
    return this.#prefixes.length;
  }

  /** Kills the server that runs; resolves when the next one answers. */
  async kill(): Promise<void> {
    await (await this.#current).kill();
    await this.#current;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#current.then((server) => server.kill()).catch(() => {});
  }

  async #next(): Promise<ApiProcess> {
    const { prefixes: _, ended: __, ...options } = this.#options;
    for (;;) {
      const prefix = this.#prefixes.shift();
      try {
        const server = await startApiProcess({ ...options, ...(prefix ? { prefix } : {}) });
        void server.ended.then((ending) => this.#restart(server, ending));
        return server;
      } catch (error) {
        const { ending } = error as { ending?: Ending };
        // Without a fault of ours, a server that does not start is a finding.
        if (!prefix || !ending || this.#over) throw error;
        this.endings++;
        this.#options.ended?.(ending);
      }
    }
  }

  #restart(server: ApiProcess, ending: Ending): void {
    if (this.#over) return;
    this.endings++;
    this.#options.ended?.(ending);
    this.#current = server.client[Symbol.asyncDispose]().then(() => this.#next());
    this.#current.catch(() => {});
  }
}
