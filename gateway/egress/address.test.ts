import { describe, expect, it } from "vitest";
import { isPublicAddress } from "./address.ts";
import { openEgress } from "./egress.ts";

describe("an address is", () => {
  const addresses = {
    public: ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "172.32.0.1"],
    "not public": [
      "127.0.0.1",
      "10.1.2.3",
      "172.16.0.1",
      "192.168.1.1",
      "169.254.169.254",
      "100.64.0.1",
      "0.0.0.0",
      "224.0.0.1",
      "255.255.255.255",
      "::1",
      "::",
      "fe80::1",
      "fd00:ec2::254",
      "::ffff:127.0.0.1",
      "::ffff:8.8.8.8",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "localhost",
      "",
    ],
  };
  for (const [kind, list] of Object.entries(addresses)) {
    for (const address of list)
      it(`${kind}: ${address || "(empty)"}`, () => expect(isPublicAddress(address)).toBe(kind === "public"));
  }
});

describe("the way out refuses", () => {
  const refused = {
    "a private address": "https://10.0.0.1/mcp",
    "the metadata service": "http://169.254.169.254/latest/meta-data",
    "loopback over IPv6": "https://[::1]/",
    "loopback in other clothes": "https://0x7f.1/",
    "a file": "file:///etc/passwd",
    "a URL with a password": "https://user:pass@example.com/",
  };
  for (const [name, url] of Object.entries(refused)) {
    it(name, async () => {
      await using egress = openEgress({ allowPrivateNetworks: false });
      expect(() => egress.to(new URL(url), { trusted: false, credentialed: false })).toThrow(
        expect.objectContaining({ reason: "OriginRefused" }),
      );
    });
  }
  it("a credential over plain http", async () => {
    await using egress = openEgress({ allowPrivateNetworks: false });
    const url = new URL("http://example.com/");
    expect(() => egress.to(url, { trusted: false, credentialed: true })).toThrow("not https");
    expect(egress.to(url, { trusted: false, credentialed: false })).toBeDefined();
  });
});
