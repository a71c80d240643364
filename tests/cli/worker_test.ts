import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

const main = new URL("../../cli/main.ts", import.meta.url);

Deno.test("a worker that starts from the whole program, as in the packed one, only decodes", async () => {
  const code = `
    const worker = new Worker("${main}", { type: "module", name: "rin-decode" });
    worker.onmessage = ({ data }) => { console.log("answer", data.id); Deno.exit(5); };
    worker.postMessage({ id: 3, path: "/nowhere.png", size: 8 });
  `;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", "--config", fileURLToPath(new URL("../deno.json", main)), code],
    env: { NO_COLOR: "1" },
  });
  const { code: status, stdout, stderr } = await command.output();
  assertEquals(new TextDecoder().decode(stdout), "answer 3\n", new TextDecoder().decode(stderr));
  assertEquals(status, 5);
});
