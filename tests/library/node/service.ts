// The `./service` entry, run in Node 20 by node_test.ts.

import { requestCpu, Rin } from "../../../cpu.ts";
import { createService } from "../../../service.ts";
import { TINY } from "./tiny.ts";

const cpu = await requestCpu({ threads: 1 });
const rin = await Rin.create(cpu, TINY);
const service = await createService({ rin, checkpoint: await rin.save() });
const home = "http://localhost";
const post = (fields: unknown) =>
  service.fetch(
    new Request(`${home}/v1/images`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(fields),
    }),
  );
const { images } = await (await post({ count: 2, steps: 1, format: "json" })).json();
const grid = await (await post({ count: 2, steps: 1 })).arrayBuffer();
const asked = new Request(`${home}/v1/images/stream?steps=2&previews=2`);
const events = await (await service.fetch(asked)).text();
const statuses = [(await post({ steps: 0 })).status];
for (const path of ["/docs", "/metrics", "/openapi.json", "/model.json", "/healthz", "/none"]) {
  const answer = await service.fetch(new Request(home + path));
  await answer.text();
  statuses.push(answer.status);
}
const form = new FormData();
form.set("image", new File([grid], "grid.png"));
form.set("steps", "1");
const fromForm = await service.fetch(
  new Request(`${home}/v1/images`, { method: "POST", body: form }),
);
const address = await service.fetch(new Request(`${home}/v1/images/1.png?steps=1`));
statuses.push(fromForm.status, address.status);
console.log(
  images.map(({ png }: { png: string }) => atob(png).slice(1, 4)).join(),
  new TextDecoder("latin1").decode(grid.slice(1, 4)),
  events.match(/event: (preview|image|done)/g)?.map((line) => line.slice(7)).join(),
  statuses.join(),
);
await service.drain();
cpu.destroy();
