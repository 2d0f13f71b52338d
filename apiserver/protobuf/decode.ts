import type { Decoded } from "../http/json-body.ts";
import { failure } from "../http/status.ts";
export function decodeProtobuf(_bytes: Buffer): Decoded {
  throw failure(415, "UnsupportedMediaType", "protobuf is not read yet");
}
