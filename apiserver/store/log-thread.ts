import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../../lib/problem.ts";
import { type Database, openDatabase } from "./database.ts";
import { type Packed, unpack, type Written } from "./log-writer.ts";

// The thread that LogWriter starts: opens the log, then writes batch after batch and answers each.
const port = parentPort!;
const answer = (written: Written) => port.postMessage(written);

function open(): Database | undefined {
  try {
    const database = openDatabase((workerData as { folder: string }).folder);
    answer({});
    return database;
  } catch (error) {
    answer({ error: messageOf(error) });
    return undefined;
  }
}

const database = open();
if (!database) port.close();
port.on("message", (message: Packed | "close") => {
  if (message === "close") {
    database?.[Symbol.dispose]();
    port.close();
    return;
  }
  try {
    database!.append(unpack(message));
    answer({});
  } catch (error) {
    answer({ error: messageOf(error), lost: database?.lost ?? true });
  }
});
