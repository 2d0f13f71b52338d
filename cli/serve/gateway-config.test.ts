import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readGatewayConfig } from "./gateway-config.ts";

const folder = mkdtempSync(path.join(tmpdir(), "roster-gateway-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string) {
  const file = path.join(folder, "gateway.yaml");
  writeFileSync(file, text);
  return readGatewayConfig(file);
}

describe("readGatewayConfig", () => {
  it("allows nothing where nothing is said", () => {
    expect(readGatewayConfig(undefined)).toEqual({ allowPrivateNetworks: false, localServers: {} });
    expect(read("")).toEqual({ allowPrivateNetworks: false, localServers: {} });
  });

  it("reads a local server of each kind, and a default model with the key that its file holds", () => {
    const keyFile = path.join(folder, "key");
    writeFileSync(keyFile, "the-key\n");
    const text = `
localServers:
  mail: { kind: http, url: "http://127.0.0.1:9000/mail" }
  notes: { kind: stdio, command: notes-mcp, credentialEnv: NOTES_TOKEN }
defaultModel: { baseURL: "https://models.example/v1", apiKeyFile: "${keyFile}" }
`;
    expect(read(text)).toMatchObject({
      localServers: { mail: { kind: "http" }, notes: { kind: "stdio", args: [], env: {} } },
      defaultModel: { apiKey: "the-key" },
    });
  });

  const refused: Record<string, { given: string; message: RegExp }> = {
    "refuses an unknown field": { given: "allowPrivateNetwork: true", message: /gateway\.yaml: .*allowPrivateNetwork/ },
    "refuses a key in the file itself": {
      given: 'defaultModel: { baseURL: "https://m.example", apiKey: x }',
      message: /apiKey/,
    },
    "refuses a URL of another scheme": {
      given: 'defaultModel: { baseURL: "file:///etc/passwd" }',
      message: /defaultModel\.baseURL/,
    },
    "refuses a kind that it does not know": {
      given: "localServers: { a: { kind: exec } }",
      message: /localServers\.a\.kind/,
    },
    "refuses a key twice": { given: "localServers: {}\nlocalServers: {}", message: /unique/i },
    "names a key file that is not there": {
      given: 'defaultModel: { baseURL: "https://m.example", apiKeyFile: /nowhere/key }',
      message: /defaultModel\.apiKeyFile: cannot read "\/nowhere\/key"/,
    },
    "refuses a list": { given: "- a", message: /expected object/i },
  };
  for (const [sentence, { given, message }] of Object.entries(refused)) {
    it(sentence, () => {
      expect(() => read(given)).toThrowError(
        expect.objectContaining({ reason: "InvalidManifest", message: expect.stringMatching(message) }),
      );
    });
  }

  it("names a file that is not there", () => {
    expect(() => readGatewayConfig(path.join(folder, "absent"))).toThrowError(/absent" does not exist/);
  });
});
