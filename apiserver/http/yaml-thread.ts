import { parentPort, workerData } from "node:worker_threads";
import { readAtOnce } from "./yaml-reader.ts";

// The thread that readYamlBody starts for a large text: reads it, answers once, and ends.
parentPort!.postMessage(readAtOnce(workerData as string));
