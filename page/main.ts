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
import { authorization } from "./token.ts";

/** The network to draw with, "token" for a network that needs a token, or none. */
async function modelDescription(): Promise<ModelDescription | "token" | undefined> {
  try {
    const response = await fetch("model.json", { cache: "no-cache", headers: authorization() });
    if (response.status === 401) return "token";
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

const app = new App(new Engine(new URL("worker.js", document.baseURI).href));
takeFiles((file) => void app.take(file));
void modelDescription().then((model) => app.start(model));
