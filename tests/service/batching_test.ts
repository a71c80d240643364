// Requests that wait at the same moment: made together, in turn, refused when too many, and left.

import { assert, assertEquals } from "@std/assert";
import { decode } from "fast-png";
import { type Asked, errorOf, serviceTest, withService } from "./tiny_service.ts";
import { rgb } from "../helpers/rgb.ts";

async function pixels(response: Response): Promise<string> {
  assertEquals(response.status, 200);
  return decode(await response.bytes()).data.join();
}

serviceTest(
  "Batcher draws equal settings together, with identical bits",
  (device) =>
    withService(device, { limits: { batch: 8, wait: 50 } }, async ({ post, metric }) => {
      const requests = [
        { steps: 4, seed: 1 },
        { steps: 4, seed: 2, class: "dog" },
        { steps: 4, seed: 3, count: 4 },
        { steps: 4, seed: 2, class: "cat" },
        { steps: 5, seed: 1 }, // not alike
        { steps: 4, seed: 1, guidance: 2, class: "dog" }, // nor this
      ];
      const together = await Promise.all(requests.map((request) => post(request).then(pixels)));
      // Seven images in one batch, and two of one.
      assertEquals(await metric('rin_batch_images_bucket{le="1"}'), 2);
      assertEquals(await metric('rin_batch_images_bucket{le="8"}'), 3);
      assertEquals(await metric("rin_batch_images_sum"), 9);
      for (const [i, request] of requests.entries()) {
        assertEquals(await post(request).then(pixels), together[i], JSON.stringify(request));
      }
      assertEquals(new Set(together).size, requests.length);
    }),
);

serviceTest(
  "Batcher cuts a large request up, and lets a small one in between",
  (device) =>
    withService(device, { limits: { batch: 4, wait: 0 } }, async ({ post, metric, rin }) => {
      const order: string[] = [];
      const note = (name: string) => (response: Response) => (order.push(name), pixels(response));
      const large = post({ steps: 6, count: 40, seed: 3 }).then(note("large"));
      const small = post({ steps: 5, seed: 3 }).then(note("small"));
      const [grid] = await Promise.all([large, small]);
      assertEquals(order, ["small", "large"]);
      assertEquals(await metric("rin_batch_images_count"), 11);
      assertEquals(await metric("rin_images_total"), 41);
      const { gridPng } = await import("../../src/picture/pictures.ts");
      const alone = await rin.sample({ sampler: "dpm++", steps: 6, count: 40, seed: 3 });
      assertEquals(grid, decode(gridPng(alone, rgb(8))).data.join());
    }),
);

serviceTest(
  "Batcher shares a batch among streams and requests, and sends previews only on request",
  (device) =>
    withService(device, { limits: { wait: 50 } }, async ({ get, post, metric }) => {
      const [stream, plain, other] = await Promise.all([
        get("/v1/images/stream?steps=4&previews=2&seed=5"),
        post({ steps: 4, seed: 6 }),
        get("/v1/images/stream?steps=4&previews=4&seed=7"),
      ]);
      await plain.bytes();
      const previews = async (events: Response) =>
        (await events.text()).match(/event: preview/g)?.length;
      // The last estimate is the image itself.
      assertEquals([await previews(stream), await previews(other)], [1, 3]);
      // The other stream had a batch of its own.
      assertEquals(await metric("rin_batch_images_count"), 2);
    }),
);

serviceTest(
  "Batcher answers 429 with a time to return if the queue is full",
  (device) =>
    withService(device, { limits: { queue: 3, batch: 1 } }, async ({ post, metric }) => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => post({ steps: 20 })));
      const statuses = answers.map(({ status }) => status);
      assertEquals(statuses.filter((status) => status === 200).length, 3);
      const [full] = answers.filter(({ status }) => status === 429);
      const seconds = Number(full.headers.get("retry-after"));
      assert(seconds >= 1 && seconds <= 60);
      assertEquals((await errorOf(full))[1], "3 images are waiting, of at most 3: try again later");
      await Promise.all(answers.map(({ body, bodyUsed }) => bodyUsed || body?.cancel()));
      assertEquals(await metric('rin_requests_total{route="/v1/images",status="429"}'), 5);
      assertEquals((await post({ steps: 1 })).status, 200);
    }),
);

/** Waits until a figure of the metrics is what it should be. */
async function until(asked: Asked, line: string, holds: (value: number) => boolean): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (holds(await asked.metric(line))) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${line} stays ${await asked.metric(line)}`);
}

serviceTest(
  "Batcher stops the work of a client that leaves, and of no other",
  (device) =>
    withService(device, { limits: { batch: 2, wait: 0 } }, async (asked) => {
      const { get, post, metric } = asked;
      const leaving = new AbortController();
      const left = post({ steps: 1000, count: 16 }, { signal: leaving.signal });
      await until(asked, "rin_evaluations_total", (steps) => steps > 4);
      const stays = post({ steps: 3, seed: 4 });
      leaving.abort();
      assertEquals((await left).status, 499);
      assertEquals((await stays).status, 200);
      const stream = await get("/v1/images/stream?steps=1000&count=16&previews=1");
      const before = await metric("rin_evaluations_total");
      await until(asked, "rin_evaluations_total", (steps) => steps > before + 4);
      await stream.body!.cancel();
      await until(asked, "rin_requests_in_flight", (requests) => requests === 0);
      assertEquals(await metric("rin_queue_images"), 0);
      assertEquals(await metric("rin_clients_left_total"), 2);
      assertEquals(await metric("rin_images_total"), 1);
      assertEquals((await post({ steps: 2 })).status, 200); // the device is free again
      const done = await metric("rin_evaluations_total");
      assert(done < 2000, `${done} steps were done of what nobody waited for`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      assertEquals(await metric("rin_evaluations_total"), done);
    }),
);

serviceTest(
  "Batcher lets one of two that share a batch leave",
  (device) =>
    withService(device, { limits: { wait: 30 } }, async (asked) => {
      const { post, metric } = asked;
      const leaving = new AbortController();
      const left = post({ steps: 40, seed: 1 }, { signal: leaving.signal });
      const stays = post({ steps: 40, seed: 2 });
      await until(asked, "rin_evaluations_total", (steps) => steps > 2);
      leaving.abort();
      assertEquals((await left).status, 499);
      const together = await stays.then(pixels);
      assertEquals(await metric('rin_batch_images_bucket{le="1"}'), 0);
      assertEquals(await post({ steps: 40, seed: 2 }).then(pixels), together);
    }),
);
