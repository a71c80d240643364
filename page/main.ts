/// <reference lib="dom" />
/**
 * The page's script.
 *
 * @module
 */
import type { ModelDescription } from "../src/service/model.ts";
import { App } from "./app.ts";
import { Engine } from "./engine.ts";
import { takeFiles } from "./files.ts";

async function modelDescription(): Promise<ModelDescription | undefined> {
  try {
    const response = await fetch("model.json", { cache: "no-cache" });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

const app = new App(new Engine(new URL("worker.js", document.baseURI).href));
takeFiles((file) => void app.take(file));
void modelDescription().then((model) => app.start(model));
