/// <reference lib="dom" />
/**
 * Actions of the page: drawing, stopping, saving, linking, taking files.
 *
 * @module
 */
import type { ModelDescription } from "../src/service/model.ts";
import { identityOf } from "../src/model/identity.ts";
import { type Caption, captionOf } from "../src/picture/labelled_grid.ts";
import { recordIn, recordOfOne } from "../src/picture/record.ts";
import { Controls, newSeed } from "./controls.ts";
import { difference } from "./decode.ts";
import { find, megabytes, pictures, saveAs } from "./dom.ts";
import { Engine, WorkError } from "./engine.ts";
import { Gallery } from "./gallery.ts";
import type { ReadingEvent } from "./overlay.ts";
import { rgbaOf } from "./pixels.ts";
import type { DeviceFound, DrawnPictures, Network, WorkEvent } from "./protocol.ts";
import { drawThere } from "./remote.ts";
import {
  fromFragment,
  indicesOf,
  labelOf,
  readSettings,
  sampleOptions,
  type Settings,
  toFragment,
  toRecord,
  USUAL,
} from "./settings.ts";
import { Status } from "./status.ts";
import { askForToken, authorization } from "./token.ts";
import { Viewer } from "./viewer.ts";
import { cannotDraw, cannotRepeat, creditOf, drawerOf, factsOf, noDevice } from "./words.ts";

/** Pictures that are done. */
interface Drawn extends DrawnPictures {
  readonly settings: Settings;
  readonly network: Network;
}

/** The page. */
export class App {
  #status = new Status();
  #controls = new Controls();
  #gallery = new Gallery();
  #viewer = new Viewer(this.#gallery);
  #engine: Engine;
  #model: ModelDescription | undefined;
  #network: Network | undefined;
  /** Whether the worker has the network's weights. */
  #loaded = false;
  #device: DeviceFound | undefined;
  /** Whether the server draws. */
  #there = false;
  #busy: AbortController | undefined;
  /** Settles when the current drawing does. */
  #drawing: Promise<void> = Promise.resolve();
  #drawn: Drawn | undefined;

  /** @param engine the worker */
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#controls.onChange = () => this.#preview();
    this.#controls.onGo = () => void (this.#busy ? this.#stop() : this.draw());
    this.#gallery.onOpen = (index) => this.#view(index);
    find("save").addEventListener("click", () => void this.#save());
    find("link").addEventListener("click", () => void this.#copyLink());
    addEventListener("hashchange", () => void this.#stop().then(() => this.#follow()));
  }

  /** Shows the networks to draw with, and draws where a link asks for it. */
  async start(model: ModelDescription | "token" | undefined): Promise<void> {
    find("unstarted").hidden = true;
    if (model === "token") {
      return this.#status.notify({
        title: "This server asks for a token",
        text: "Whoever runs it can give you one.",
        action: { label: "Enter the token", run: askForToken },
      });
    }
    this.#model = model;
    if (model) {
      const { name, config, classNames, sampling, about = {}, checkpoint } = model;
      const identity = identityOf(checkpoint.sha256, about);
      const { bytes } = checkpoint;
      this.#show({ name, config, classNames, sampling, about, identity, bytes, kept: false });
    } else {
      this.#status.notify({
        title: "This page has no network of its own",
        text: "It could not load its model.json. Drop a checkpoint here, and it draws with that.",
      });
      find("controls").hidden = false;
    }
    this.#tellDevice(await this.#engine.ask("device", {}));
    const asked = fromFragment(location.hash);
    if (Object.keys(asked).length > 0) this.#follow();
  }

  /** Makes a network the one that is drawn with. */
  #show(network: Network): void {
    this.#network = network;
    this.#drawn = undefined;
    const { config: { numClasses }, classNames, sampling = {} } = network;
    find("name").textContent = network.name;
    document.title = `${network.name} · rin`;
    find("facts").textContent = factsOf(network);
    find("credit").textContent = creditOf(network);
    this.#controls.fit({ numClasses, classNames });
    const { settings } = readSettings({ ...sampling }, USUAL, numClasses);
    this.#controls.set({ ...settings, seed: newSeed() }, false);
    const text = cannotDraw(network);
    if (text) this.#status.notify({ title: "This page can't draw with this network", text });
    find<HTMLButtonElement>("draw").disabled = text !== undefined;
    this.#preview();
  }

  #tellDevice(device: DeviceFound): void {
    this.#device = device;
    if (device.found) {
      find("where").textContent = drawerOf(device);
      return;
    }
    const { title, text } = noDevice(device);
    if (this.#network && cannotDraw(this.#network)) return;
    const server = this.#model?.server === true;
    if (server) this.#useServer();
    this.#status.notify({
      title,
      text: server ? `${text} Until then, the server that this page came from can draw.` : text,
    });
    find<HTMLButtonElement>("draw").disabled = !server;
    this.#label();
  }

  #useServer(): void {
    this.#there = true;
    find("where").textContent = "Drawn by the server that this page came from.";
  }

  /** Draws the pictures that the link asks for. */
  #follow(): void {
    if (!this.#network) return;
    const fields = fromFragment(location.hash);
    const { identity, config: { numClasses }, classNames } = this.#network;
    const { settings, problems } = readSettings(fields, USUAL, numClasses, classNames);
    const other = fields.network !== undefined && !identity.startsWith(fields.network);
    this.#controls.set(settings);
    this.#preview();
    const doubts = [
      ...other ? ["The link was made with another network, so the pictures differ."] : [],
      ...problems,
    ];
    if (doubts.length > 0) {
      this.#status.notify({ title: "Not quite what the link says", text: doubts.join(" ") });
    }
    if (!find<HTMLButtonElement>("draw").disabled) void this.draw();
  }

  /** Of pictures of several classes a grid has a column for each, and their names. */
  #captionOf(settings: Settings): Caption | undefined {
    const { classes } = settings;
    const labels = indicesOf(settings).map((index) => labelOf(settings, index)!);
    return captionOf(classes, labels, this.#network!.classNames);
  }

  #nameOf = (index: number, settings: Settings): string | undefined => {
    const label = labelOf(settings, index);
    return label === undefined ? undefined : this.#network!.classNames?.[label] ?? `${label}`;
  };

  /** The noise that would be drawn from, unless there is something better to see. */
  #preview(): void {
    if (!this.#network || this.#busy || !find<HTMLFormElement>("controls").checkValidity()) return;
    this.#label();
    if (!this.#drawn) this.#hang(this.#controls.settings);
  }

  #hang(settings: Settings): void {
    this.#drawn = undefined;
    this.#allowSaving(false);
    find("under").hidden = false;
    this.#status.show("Noise, from which the pictures are drawn");
    this.#gallery.hang({
      size: this.#network!.config,
      indices: indicesOf(settings),
      seed: settings.seed,
      columns: settings.index === undefined ? this.#captionOf(settings)?.columns : undefined,
      nameOf: (index) => this.#nameOf(index, settings),
    });
  }

  #label(): void {
    const draw = find("draw");
    const count = this.#network ? indicesOf(this.#controls.settings).length : 0;
    const what = this.#there ? `${count} on the server` : pictures(count);
    draw.textContent = this.#busy ? "Stop" : `Draw ${what}`;
    draw.classList.toggle("busy", this.#busy !== undefined);
  }

  #allowSaving(allowed: boolean): void {
    for (const id of ["save", "link"]) find(id).hidden = !allowed;
  }

  /** Stops the current drawing. */
  async #stop(): Promise<void> {
    this.#busy?.abort();
    this.#engine.stop();
    await this.#drawing;
  }

  /** Draws with the form's settings. */
  async draw(): Promise<void> {
    if (this.#busy || !this.#network || !this.#controls.check()) return;
    if (this.#drawn) this.#controls.renewSeed(this.#drawn.settings.seed);
    this.#drawing = this.#draw(this.#controls.settings, this.#network);
    await this.#drawing;
  }

  async #draw(settings: Settings, network: Network): Promise<void> {
    const busy = this.#busy = new AbortController();
    this.#label();
    this.#hang(settings);
    const count = indicesOf(settings).length;
    history.replaceState(null, "", this.#fragment(settings, network));
    this.#status.progress("Starting", undefined);
    this.#status.announce(`Drawing ${pictures(count)}`);
    try {
      const began = performance.now();
      const drawn = this.#there
        ? await drawThere(settings, network, busy.signal, this.#onEvent)
        : await this.#drawHere(settings, busy.signal);
      const seconds = (performance.now() - began) / 1000;
      this.#drawn = { settings, network: this.#network!, ...drawn };
      this.#gallery.paint(indicesOf(settings), rgbaOf(drawn.images, network.config));
      this.#gallery.finish();
      this.#allowSaving(true);
      this.#status.say(`${pictures(count)} in ${seconds.toFixed(1)} s, seed ${settings.seed}`);
    } catch (thrown) {
      this.#fail(thrown as Error);
    } finally {
      this.#busy = undefined;
      this.#label();
    }
  }

  #fragment(settings: Settings, { identity, config, classNames }: Network): string {
    return `#${toFragment(settings, identity, config.numClasses, classNames)}`;
  }

  async #drawHere(settings: Settings, signal: AbortSignal): Promise<DrawnPictures> {
    if (!this.#loaded) {
      const { name, checkpoint } = this.#model!;
      const url = new URL(checkpoint.url, document.baseURI).href;
      const given = { name, checkpoint: { ...checkpoint, url, headers: authorization() } };
      this.#network = await this.#engine.ask("load", given, this.#onEvent);
      this.#loaded = true;
      signal.throwIfAborted();
    }
    const options = sampleOptions(settings);
    return await this.#engine.ask("draw", { options }, this.#onEvent);
  }

  #onEvent = (event: WorkEvent): void => {
    if (event.type === "fetched") {
      const { done, total, again } = event;
      const text = again ? "Connection lost, trying again" : "Fetching the network";
      this.#status.progress(`${text}: ${megabytes(done)} of ${megabytes(total)}`, done / total);
    } else if (event.type === "preparing") {
      this.#tellDevice(event.device);
      this.#status.progress("Preparing the network", undefined);
    } else if (event.type === "step") {
      this.#status.progress(`Step ${event.done} of ${event.total}`, event.done / event.total);
    } else if (event.type === "estimate") {
      this.#gallery.paint(event.indices, event.pixels);
    }
  };

  #fail(error: Error): void {
    if (error.name === "AbortError" || (error instanceof WorkError && error.stopped)) {
      return this.#status.say("Stopped");
    }
    this.#status.say("Nothing was drawn");
    const other = !this.#there && this.#model?.server === true;
    this.#status.notify({
      title: "That did not work",
      text: error.message,
      action: other
        ? {
          label: "Draw on the server instead",
          run: () => {
            this.#useServer();
            this.#status.clearNotice();
            void this.draw();
          },
        }
        : undefined,
    });
  }

  #view(index: number): void {
    const { settings, network } = this.#drawn!;
    this.#viewer.open(index, {
      indices: indicesOf(settings),
      nameOf: (index) => this.#nameOf(index, settings),
      onSave: (index) => void this.#save(index),
      onLink: (index) => void this.#copyLink(index),
      // The worker has the network where it has drawn.
      watching: this.#loaded && !this.#there
        ? {
          blocks: network.config.numBlocks,
          watch: (index, onReading) => void this.#watch({ ...settings, index }, onReading),
          stop: () => this.#engine.stop(),
        }
        : undefined,
    });
  }

  /** Draws one picture again, to see where the network reads it. */
  async #watch(settings: Settings, onReading: (reading: ReadingEvent) => void): Promise<void> {
    try {
      await this.#engine.ask("watch", { options: sampleOptions(settings) }, (event) => {
        if (event.type === "reading") onReading(event);
      });
    } catch (thrown) {
      if (thrown instanceof WorkError && thrown.stopped) return;
      this.#viewer.close();
      this.#status.notify({ title: "That did not work", text: (thrown as Error).message });
    }
  }

  /** Saves one picture, or all in a grid. */
  async #save(index?: number): Promise<void> {
    const { settings, network } = this.#drawn!;
    const { png, only } = await this.#png(index);
    const number = only === undefined ? "" : `-${String(only).padStart(6, "0")}`;
    const end = network.config.frames > 1 ? "apng" : "png";
    saveAs(`${network.name}-seed${settings.seed}${number}.${end}`, png, `image/${end}`);
    this.#status.announce("Saved");
  }

  /** One picture, or all in a grid, and the number of the picture if it is alone. */
  async #png(
    index: number | undefined,
  ): Promise<{ png: Uint8Array<ArrayBuffer>; only: number | undefined }> {
    const { settings, network: { config, identity }, images, device, precision } = this.#drawn!;
    const place = indicesOf(settings).indexOf(index ?? 0);
    const each = images.length / indicesOf(settings).length;
    const all = toRecord(settings, identity, precision);
    const only = index ?? settings.index;
    const { png } = await this.#engine.ask("png", {
      images: index === undefined ? images : images.slice(place * each, (place + 1) * each),
      device,
      config,
      record: only === undefined ? all : recordOfOne(all, only, labelOf(settings, only)),
      caption: only === undefined ? this.#captionOf(settings) : undefined,
    });
    return { png, only };
  }

  async #copyLink(index?: number): Promise<void> {
    const { settings, network } = this.#drawn!;
    const shown = index === undefined ? settings : { ...settings, index };
    const link = new URL(this.#fragment(shown, network), location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      this.#status.announce("Link copied");
      for (const id of ["link", "viewer-link"]) {
        find(id).textContent = "Copied";
        setTimeout(() => find(id).textContent = "Copy link", 2000);
      }
    } catch {
      // Where the clipboard is closed to pages, the address bar has it.
      prompt("The link that draws the same again:", link);
    }
  }

  /** Takes a checkpoint, or the settings of a picture. */
  async take(file: File): Promise<void> {
    this.#viewer.close();
    await this.#stop();
    this.#status.clearNotice();
    const refuse = (text: string) =>
      this.#status.notify({ title: `${file.name} can't be used`, text });
    if (/\.a?png$/i.test(file.name)) return await this.#takePicture(file, refuse);
    if (!this.#device?.found) return refuse("This browser can't draw with a checkpoint.");
    try {
      const network = await this.#engine.ask("open", { file });
      this.#loaded = true;
      this.#show(network);
      history.replaceState(null, "", location.pathname + location.search);
      if (cannotDraw(network)) return;
      this.#status.say(`${network.name} is ready`);
      find("draw").focus();
    } catch (thrown) {
      refuse(`This page can't read it as a checkpoint: ${(thrown as Error).message}.`);
    }
  }

  async #takePicture(file: File, refuse: (text: string) => void): Promise<void> {
    const record = recordIn(new Uint8Array(await file.arrayBuffer()));
    if (!record) return refuse("It has no record of its settings, so rin did not make it.");
    if (!this.#network) return refuse("Drop the checkpoint that it was made with first.");
    const why = cannotRepeat(record, this.#network);
    if (why) return refuse(why);
    const { settings, problems } = readSettings(record, USUAL, this.#network.config.numClasses);
    if (problems.length > 0) {
      return refuse(`Not all of it can be drawn here: ${problems.join(" ")}`);
    }
    this.#controls.set(settings);
    this.#preview();
    await this.draw();
    // A film shows more than the pictures, and of clips a canvas shows the first frame only.
    if (this.#drawn && record.frames === undefined && this.#network.config.frames === 1) {
      await this.#compare(file);
    }
  }

  /** Says whether the repeated picture is the same. */
  async #compare(file: File): Promise<void> {
    const again = new Blob([(await this.#png(undefined)).png], { type: "image/png" });
    const most = await difference(file, again);
    if (most === undefined) return;
    this.#status.say(
      most <= 2
        ? `The same as ${file.name}${most ? `, within ${most} of 255` : ", to the last bit"}`
        : `Not the same as ${file.name}: values differ by up to ${most} of 255`,
    );
  }
}
