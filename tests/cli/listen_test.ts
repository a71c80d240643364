import { assertEquals } from "@std/assert";
import { reachedAt } from "../../cli/listen.ts";

const interfaces = [
  { address: "127.0.0.1", family: "IPv4" },
  { address: "192.168.1.7", family: "IPv4" },
  { address: "::1", family: "IPv6" },
  { address: "fe80::1", family: "IPv6" },
  { address: "2001:db8::7", family: "IPv6" },
] as const;

Deno.test("reachedAt() gives addresses for a browser, also if a server listens at all", () => {
  const at = (hostname: string) => reachedAt(hostname, 7461, interfaces);
  assertEquals(at("127.0.0.1"), ["http://localhost:7461/"]);
  assertEquals(at("::1"), ["http://[::1]:7461/"]);
  assertEquals(at("192.168.1.7"), ["http://192.168.1.7:7461/"]);
  assertEquals(at("0.0.0.0"), ["http://localhost:7461/", "http://192.168.1.7:7461/"]);
  assertEquals(at("::"), [
    "http://localhost:7461/",
    "http://192.168.1.7:7461/",
    "http://[2001:db8::7]:7461/",
  ]);
  assertEquals(reachedAt("0.0.0.0", 1, []), ["http://localhost:1/"]);
});
