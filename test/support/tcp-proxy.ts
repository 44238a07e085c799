import type { AddressInfo, NetConnectOpts, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';

/** What to do with a request that holds the marker. */
export type Cut = 'before' | 'after';

export interface TcpProxy {
  readonly port: number;
  /**
   * The next request that contains `marker` is lost: `before` it reaches the server, or with its
   * answer `after` the server acted on it. The connection breaks; with `then` so does every other,
   * as by `down`.
   */
  cutNext(cut: Cut, marker: string, then?: 'down'): void;
  /** Breaks every connection and refuses new ones until `up`. */
  down(): void;
  up(): void;
  /** Breaks every connection; new ones are welcome. */
  reset(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A TCP proxy that can lose requests and answers, for outages in the middle of a statement. */
export async function startTcpProxy(target: NetConnectOpts): Promise<TcpProxy> {
  const pairs = new Set<{ client: Socket; server: Socket }>();
  let armed: { cut: Cut; marker: string; down: boolean } | undefined;
  let refusing = false;

  const listener = createServer((client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    const server = connect(target);
    const pair = { client, server };
    pairs.add(pair);
    let answerLost = false;
    let thenDown = false;
    const close = () => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    const lose = () => {
      if (thenDown) goDown();
      close();
    };
    for (const socket of [client, server])
      socket.setNoDelay(true).on('error', close).on('close', close);
    client.on('data', (chunk: Buffer) => {
      if (armed !== undefined && chunk.includes(armed.marker)) {
        const { cut } = armed;
        thenDown = armed.down;
        armed = undefined;
        if (cut === 'before') {
          lose();
          return;
        }
        answerLost = true;
      }
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      if (answerLost) lose();
      else client.write(chunk);
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;

  function goDown(): void {
    refusing = true;
    reset();
  }

  function reset(): void {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
    pairs.clear();
  }
  return {
    port,
    cutNext(cut, marker, then) {
      armed = { cut, marker, down: then === 'down' };
    },
    down: goDown,
    up() {
      refusing = false;
    },
    reset,
    async [Symbol.asyncDispose]() {
      reset();
      listener.close();
      await once(listener, 'close');
    },
  };
}
