/**
 * How far two folders of pictures of the same names are apart, such as those that `rin sample` made
 * from one seed on two adapters:
 *
 *     deno run -A bench/pictures.ts A B
 *
 * @module
 */
import { decode } from "fast-png";

const [a, b] = Deno.args;
if (b === undefined) throw new Error("Which? Give two folders of PNG files");

let [pictures, bytes, differing, largest] = [0, 0, 0, 0];
for await (const { name } of Deno.readDir(a)) {
  if (!name.endsWith(".png")) continue;
  const [left, right] = await Promise.all(
    [a, b].map(async (folder) => decode(await Deno.readFile(`${folder}/${name}`)).data),
  );
  if (left.length !== right.length) throw new Error(`${name}: they are of different sizes`);
  left.forEach((value, i) => {
    const difference = Math.abs(value - right[i]);
    if (difference > 0) differing++;
    largest = Math.max(largest, difference);
  });
  pictures++;
  bytes += left.length;
}
console.log(
  `${pictures} pictures: at most ${largest}/255 apart, ` +
    `${(100 * differing / bytes).toFixed(2)}% of the bytes differ`,
);
