import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { queryOf } from "../../page/remote.ts";
import { readSettings, toFragment, toRecord, USUAL } from "../../page/settings.ts";
import { readClasses } from "../../cli/options/classes.ts";
import { CommandError } from "../../cli/errors.ts";
import { ClassError, classListText, readClassList } from "../../src/model/class_names.ts";
import { decodeCommon } from "../../src/data/decode_common.ts";
import { completeConfig } from "../../src/model/config.ts";
import { HttpError } from "../../src/service/answers.ts";
import { imageFields } from "../../src/service/fields.ts";
import { parseImageRequest } from "../../src/service/image_request.ts";
import { completeLimits } from "../../src/service/limits.ts";
import { textValues } from "../../src/service/read_fields.ts";

const config = completeConfig({ numClasses: 3 });
const limits = completeLimits();

/** What the command line makes of a list of classes. */
function onCommandLine(asked: string, classNames: readonly string[]): number[] {
  const training = { classNames } as never;
  return readClasses(asked, { config, training, slabs: {} as never, dtype: "f32" });
}

/** What the service makes of it, from a query or a body. */
async function inService(
  asked: unknown,
  classNames: readonly string[],
  inQuery: boolean,
): Promise<string> {
  const fields = imageFields({ config, classNames }, limits);
  const given = inQuery
    ? textValues(fields, new URLSearchParams({ class: String(asked) }))
    : { class: asked };
  const network = { config, classNames };
  const context = { network, limits, checkpoint: "", decode: decodeCommon };
  return String((await parseImageRequest(given, fields, context)).record.class);
}

/** What the page makes of a link. */
function inLink(asked: string, classNames: readonly string[]): readonly number[] | string {
  const { settings, problems } = readSettings({ class: asked }, USUAL, 3, classNames);
  return problems[0] ?? settings.classes;
}

Deno.test("readClasses() takes names or numbers, alike on command line, service, and page", async () => {
  const numeric = ["1", "2", "10"];
  const cases: [asked: string, names: readonly string[], classes: number[]][] = [
    ["1", numeric, [0]],
    ["2,1", numeric, [1, 0]],
    ["1..10", numeric, [0, 1, 2]], // a range over the names
    ["1..2,10", numeric, [0, 1, 2]],
    ["0..2", numeric, [0, 1, 2]], // 0 is no name, so these are numbers
    ["0,1", numeric, [0, 1]],
    ["2..10", ["10", "2", "3"], [1, 2, 0]], // in the order of the numbers
    ["01", ["01", "1", "2"], [0]],
    ["1", ["01", "1", "2"], [1]],
    ["cat, dog", ["cat", "dog", "a, b"], [0, 1]],
    ["dog,a, b,cat", ["cat", "dog", "a, b"], [1, 2, 0]], // a name may have a comma
    ["2,0", ["cat", "dog", "bird"], [2, 0]],
    ["0..2", [], [0, 1, 2]],
  ];
  for (const [asked, names, classes] of cases) {
    assertEquals(onCommandLine(asked, names), classes, asked);
    assertEquals(await inService(asked, names, true), classes.join(), asked);
    assertEquals(await inService(asked, names, false), classes.join(), asked);
    assertEquals(inLink(asked, names), classes, asked);
  }
  assertEquals(await inService(10, numeric, false), "2", "a number of JSON is a name, too");
  assertEquals(await inService([10, 2], numeric, false), "2,1");
});

Deno.test("readClasses() names a missing class, alike everywhere", async () => {
  const cases: [asked: string, names: readonly string[], words: string][] = [
    ["3", ["1", "2", "10"], `There is no class "3": this network's classes are 1, 2, 10`],
    ["10,0", ["1", "2", "10"], 'no class called "0", and others here are names'],
    ["cat,1", ["cat", "dog", "cow"], 'no class called "1", and others here are names'],
    ["dog,pig", ["cat", "dog", "cow"], 'There is no class "pig"'],
    ["0..3", [], `There is no class "0..3": this network's classes are 0 to 2`],
    ["1e0", [], 'There is no class "1e0"'],
    ["0x1", [], 'There is no class "0x1"'],
    ["0,,1", [], 'There is no class ""'],
  ];
  for (const [asked, names, words] of cases) {
    assertThrows(() => readClassList(asked, 3, names), ClassError, words);
    assertThrows(() => onCommandLine(asked, names), CommandError, words);
    await assertRejects(() => inService(asked, names, false), HttpError, words);
    assertStringIncludes(String(inLink(asked, names)), words);
  }
});

Deno.test("readClassList() reads what a page writes, whatever the classes' names", async () => {
  const named = [["1", "2", "10"], ["2", "1", "0"], ["a,b", "c", "1"], ["cat", "dog", "cow"], []];
  for (const classNames of named) {
    for (const classes of [[0], [2], [1, 2], [2, 1, 0], [0, 1, 2]]) {
      const text = classListText(classes, 3, classNames);
      assertEquals(readClassList(text, 3, classNames), classes);
      const settings = { ...USUAL, classes };
      const link = new URLSearchParams(toFragment(settings, "id", 3, classNames)).get("class")!;
      assertEquals(inLink(link, classNames), classes);
      const query = new URLSearchParams(queryOf(settings, { config, classNames }));
      assertEquals(await inService(query.get("class"), classNames, true), classes.join());
      // A record has numbers, whatever the classes are called.
      assertEquals(readSettings(toRecord(settings, "id"), USUAL, 3).settings.classes, classes);
    }
  }
  assertEquals(classListText([0, 1, 2], 3, ["cat", "dog", "cow"]), "0..2");
});
