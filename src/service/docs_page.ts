/**
 * The OpenAPI document as a page for people, without scripts and nothing from elsewhere.
 *
 * @module
 */
import { escaped } from "../formats/markup.ts";
import type { ApiSchema, OpenApi, Operation } from "./openapi.ts";

const STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font: .9em/1.5 ui-monospace, monospace }
pre { padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .4rem; overflow-x: auto }
section { border-top: 1px solid var(--line); margin-top: 2rem }
.table { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0 }
tr + tr { border-top: 1px solid var(--line) }
`;

/**
 * The page.
 *
 * @param origin where the service is, for its examples
 */
export function docsPage({ info, paths }: OpenApi, origin: string): string {
  const sections = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => section(method, path, operation))
  );
  const title = escaped(info.title);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}: documentation</title>
<style>${STYLE}</style>
<h1>${title}</h1>
<p>${prose(info.description)}</p>
<p>The same for programs: <a href="openapi.json">openapi.json</a>.</p>
<pre>${examples(paths, escaped(origin))}</pre>
${sections.join("\n")}
</html>
`;
}

/** Commands that try the service. */
function examples(paths: OpenApi["paths"], origin: string): string {
  const { required } = paths["/v1/images"].post.requestBody!.content["application/json"].schema;
  if (required?.includes("context")) {
    return `curl -F context=@begun.gif -F seed=1 -F count=4 -o clips.png ${origin}/v1/images`;
  }
  return `curl --json '{"seed": 1, "steps": 20, "sampler": "dpm++"}' -o image.png ${origin}/v1/images
curl -o image.png '${origin}/v1/images/1.png?steps=20&amp;sampler=dpm%2B%2B'
curl -F image=@photo.jpg -F strength=0.5 -o image.png ${origin}/v1/images
curl -N '${origin}/v1/images/stream?count=2&amp;seed=1&amp;previews=5'`;
}

function section(method: string, path: string, operation: Operation): string {
  const body = operation.requestBody?.content["application/json"].schema.properties ?? {};
  const fields: Row[] = [
    ...Object.entries(body).map(([name, schema]) => ({ name, schema, about: schema.description })),
    ...(operation.parameters ?? []).map((
      { name, schema, description },
    ) => ({ name, schema, about: description })),
  ];
  const rows = fields.map(({ name, schema, about }) =>
    row([`<code>${escaped(name)}</code>`, values(schema), defaultOf(schema), prose(about)])
  );
  const answers = Object.entries(operation.responses).map(([status, { description }]) =>
    row([`<code>${escaped(status)}</code>`, prose(description)])
  );
  return `<section>
<h2>${escaped(operation.summary)}</h2>
<p><code><b>${escaped(method.toUpperCase())}</b> ${escaped(path)}</code></p>
<p>${prose(operation.description)}</p>
${rows.length ? table(["Field", "Values", "Default", ""], rows) : ""}
${table(["Answer", ""], answers)}
</section>`;
}

interface Row {
  readonly name: string;
  readonly schema: ApiSchema;
  readonly about: string;
}

function table(heads: readonly string[], rows: readonly string[]): string {
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join("");
  return `<div class="table"><table><thead><tr>${head}</tr></thead><tbody>${
    rows.join("")
  }</tbody></table></div>`;
}

function row(cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}

function values(schema: ApiSchema): string {
  if (schema.contentEncoding) return "base64 or a data URL; in a form a file";
  if ("oneOf" in schema) return schema.oneOf.map(values).join(", or ");
  if ("enum" in schema && schema.enum) return schema.enum.map(code).join(", ");
  switch (schema.type) {
    case "boolean":
      return `${code(true)}, ${code(false)}`;
    case "string":
      return "a name";
    case "array":
      return schema.minItems === undefined
        ? "a list of these"
        : `a list of ${schema.minItems}, each ${values(schema.items)}`;
    default: {
      const { minimum, exclusiveMinimum, maximum, type } = schema;
      const kind = type === "integer" ? "whole number, " : "";
      return minimum === undefined
        ? `${kind}above ${exclusiveMinimum}, up to ${maximum}`
        : `${kind}${minimum} to ${maximum}`;
    }
  }
}

function defaultOf(schema: ApiSchema): string {
  return schema.default === undefined ? "" : code(schema.default);
}

function code(value: unknown): string {
  return `<code>${escaped(typeof value === "string" ? value : JSON.stringify(value))}</code>`;
}

/** Text, with parts between backticks as code. */
function prose(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}
