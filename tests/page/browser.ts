// Chromium, with WebGPU on its software adapter or without; and the page in it.

import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const executablePath = await (async () => {
  for (const path of PLACES) if (await Deno.stat(path).then(() => true, () => false)) return path;
})();

const FLAGS = ["--no-sandbox", "--disable-gpu-sandbox", "--disable-background-networking"];
const WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** Whether it is installed. */
export const hasBrowser = executablePath !== undefined;

/** Starts it, with WebGPU or without. */
export async function launch(webgpu: boolean): Promise<Browser> {
  return await chromium.launch({ executablePath, args: [...FLAGS, ...webgpu ? WEBGPU : []] });
}

/** Whether it finds an adapter. */
export async function hasWebGpu(): Promise<boolean> {
  if (!hasBrowser) return false;
  const browser = await launch(true);
  // Only a secure page is given a GPU.
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(),
  );
  try {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${server.addr.port}/`);
    return await page.evaluate("(async () => Boolean(await navigator.gpu?.requestAdapter()))()");
  } finally {
    await browser.close();
    await server.shutdown();
  }
}

/** The page of rin as a visitor sees it. */
export class Visit {
  private constructor(readonly page: Page, readonly errors: string[]) {}

  /**
   * Opens it in a context of its own: with files and settings that no other visit shares.
   *
   * @param missing a file that this visitor can't fetch
   */
  static async begin(
    browser: Browser,
    url: string,
    { missing, ...options }: BrowserContextOptions & { missing?: string } = {},
  ) {
    const context = await browser.newContext({ colorScheme: "light", ...options });
    if (missing) await context.route(`**/${missing}`, (route) => route.abort());
    return await Visit.#open(context, url);
  }

  static async #open(context: BrowserContext, url: string) {
    const page = await context.newPage();
    page.setDefaultTimeout(180_000);
    const errors: string[] = [];
    page.on("pageerror", ({ message }) => errors.push(message));
    page.on("console", (line) => line.type() === "error" && errors.push(line.text()));
    // Counts what is painted, to see that pictures come bit by bit.
    await page.addInitScript(`
      globalThis.painted = 0;
      const put = CanvasRenderingContext2D.prototype.putImageData;
      CanvasRenderingContext2D.prototype.putImageData = function (...args) {
        globalThis.painted++;
        return put.apply(this, args);
      };
    `);
    await page.goto(url);
    const visit = new Visit(page, errors);
    await visit.until(`document.getElementById("where").textContent !== "" ||
      !document.getElementById("notice").hidden`);
    return visit;
  }

  /** Opens a link in a new tab of the same visitor. */
  tab(url: string): Promise<Visit> {
    return Visit.#open(this.page.context(), url);
  }

  /** What a script in the page gives. */
  ask<T>(script: string): Promise<T> {
    return this.page.evaluate(script);
  }

  /** Waits until a script in the page gives true; the page's policy allows none that wait there. */
  async until(script: string): Promise<void> {
    for (let i = 0; i < 4500; i++) {
      if (await this.ask(script)) return;
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    throw new Error(`It did not happen within three minutes: ${script}`);
  }

  text(id: string): Promise<string> {
    return this.page.locator(`#${id}`).innerText();
  }

  async fill(fields: Record<string, string>): Promise<void> {
    for (const [id, value] of Object.entries(fields)) {
      if (id === "sampler" || id === "class") await this.page.selectOption(`#${id}`, value);
      else await this.page.fill(`#${id}`, value);
    }
  }

  /** Waits until all pictures are there. */
  async done(): Promise<void> {
    await this.page.waitForSelector("#save:not([hidden])");
  }

  /** Draws with the button. */
  async draw(): Promise<void> {
    await this.page.click("#draw");
    await this.done();
  }

  /** What a button saves. */
  async saved(button: string): Promise<{ name: string; bytes: Uint8Array<ArrayBuffer> }> {
    const download = this.page.waitForEvent("download");
    await this.page.click(button);
    const file = await download;
    const bytes = await Deno.readFile(await file.path());
    return { name: file.suggestedFilename(), bytes };
  }

  /** Chooses a file by the button. */
  async choose(name: string, bytes: Uint8Array): Promise<void> {
    const { Buffer } = await import("node:buffer");
    const file = { name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) };
    await this.page.setInputFiles("#file", file);
  }

  /** Drops a file on the page. */
  async drop(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const given = JSON.stringify([name, bytes.toBase64()]);
    await this.ask(`(() => {
      const [name, text] = ${given};
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], name));
      for (const type of ["dragover", "drop"]) {
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
      }
    })()`);
  }

  /** The message that is shown. */
  async notice(): Promise<string> {
    await this.page.waitForSelector("#notice:not([hidden])");
    return `${await this.text("notice-title")}: ${await this.text("notice-text")}`;
  }

  async end(): Promise<void> {
    await this.page.context().close();
  }
}
