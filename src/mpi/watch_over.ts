/**
 * The thread of {@linkcode Watch}. It gets the text of one function, which uses nothing else.
 *
 * @module
 */

/** What the thread has to know. */
export interface WatchSetup {
  readonly file: string;
  readonly world: bigint;
  readonly float: bigint;
  readonly rank: number;
  readonly size: number;
  /** The machine of each process. */
  readonly hosts: readonly string[];
  /** Milliseconds without a sign of life after which a process counts as gone. */
  readonly silence: number;
  /** Milliseconds after which the program is ended if it doesn't end by itself. */
  readonly grace: number;
}

/** Sends and awaits signs of life. */
export function watchOver(): void {
  const TAG = 7;
  const [ALIVE, LOST, LAST] = [1, 2, 3];
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<WatchSetup | "end">) => void;
    postMessage(message: unknown): void;
  };
  /** Milliseconds between two looks at the others. */
  const EVERY = 500;
  /** Milliseconds that a look can be late before this process counts as the one that was away. */
  const LATE = 2000;
  let timer: ReturnType<typeof setInterval> | undefined;
  let finish = () => Promise.resolve();

  scope.onmessage = ({ data }) => {
    if (data !== "end") return begin(data);
    clearInterval(timer);
    finish().then(() => scope.postMessage("ended"));
  };

  function begin({ file, world, float, rank, size, hosts, silence, grace }: WatchSetup): void {
    const { symbols } = Deno.dlopen(file, {
      MPI_Isend: {
        parameters: ["buffer", "i32", "usize", "i32", "i32", "usize", "buffer"],
        result: "i32",
      },
      MPI_Irecv: {
        parameters: ["buffer", "i32", "usize", "i32", "i32", "usize", "buffer"],
        result: "i32",
      },
      MPI_Test: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
    });
    const flag = new Int32Array(1);
    const status = new Uint8Array(256);
    const isDone = (request: Uint8Array<ArrayBuffer>) => {
      symbols.MPI_Test(request, flag, status);
      return flag[0] !== 0;
    };
    const others = rank === 0 ? Array.from({ length: size - 1 }, (_, i) => i + 1) : [0];
    const peers = others.map((other) => {
      const peer = {
        other,
        heard: performance.now(),
        ended: false,
        incoming: new Float32Array(1),
        outgoing: new Float32Array(1),
        receiving: new Uint8Array(8),
        sending: undefined as Uint8Array<ArrayBuffer> | undefined,
        receive: () => {
          symbols.MPI_Irecv(peer.incoming, 1, float, other, TAG, world, peer.receiving);
        },
        send: (word: number) => {
          if (peer.sending && !isDone(peer.sending)) return;
          peer.sending = new Uint8Array(8);
          peer.outgoing[0] = word;
          symbols.MPI_Isend(peer.outgoing, 1, float, other, TAG, world, peer.sending);
        },
      };
      peer.receive();
      return peer;
    });
    const lose = (sentence: string) => {
      clearInterval(timer);
      for (const peer of peers) peer.send(LOST);
      scope.postMessage({ lost: sentence });
      setTimeout(() => Deno.kill(Deno.pid, "SIGKILL"), grace);
    };
    const completed = async (request: Uint8Array<ArrayBuffer>) => {
      while (!isDone(request)) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    // MPI must not end while messages are under way.
    finish = async () => {
      for (const peer of peers) {
        if (peer.sending) await completed(peer.sending);
        peer.send(LAST);
      }
      for (const peer of peers) {
        while (!peer.ended) {
          await completed(peer.receiving);
          peer.ended = peer.incoming[0] === LAST;
          if (!peer.ended) peer.receive();
        }
        await completed(peer.sending!);
      }
    };
    let looked = performance.now();
    timer = setInterval(() => {
      const now = performance.now();
      // This process was suspended, not the others: nobody was heard because nobody listened.
      const wasAway = now - looked > EVERY + LATE;
      looked = now;
      for (const peer of peers) {
        if (wasAway) peer.heard = now;
        while (isDone(peer.receiving)) {
          peer.heard = now;
          // The others end, and this process is about to.
          if (peer.incoming[0] === LAST) {
            peer.ended = true;
            return clearInterval(timer);
          }
          if (peer.incoming[0] === LOST) return lose(`Process ${peer.other} ended`);
          peer.receive();
        }
        peer.send(ALIVE);
      }
      const lost = peers.find(({ heard }) => now - heard > silence);
      if (lost === undefined) return;
      const seconds = Math.round(silence / 1000);
      lose(
        `Process ${lost.other}, on ${
          hosts[lost.other]
        }, has shown no sign of life for ${seconds} s`,
      );
    }, EVERY);
    scope.postMessage("begun");
  }
}
