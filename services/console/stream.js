import { ask, Problem } from './session.js';

const RETRY_MS = [500, 1_000, 2_000, 5_000];

/**
 * Follows /v1/stream with fetch (the token stays in a header) and connects again when it is cut.
 * Handlers: ledger(snapshot), problem(problem), state('on' | 'wait'), refused(problem).
 */
export function follow(handlers, signal) {
  void run(handlers, signal);
}

async function run(handlers, signal) {
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      const response = await ask('/v1/stream', { signal });
      for await (const { event, data } of events(response.body, signal)) {
        tries = 0;
        handlers.state('on');
        if (event === 'ledger') handlers.ledger(JSON.parse(data));
        if (event === 'problem') handlers.problem(JSON.parse(data));
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && (error.status === 401 || error.status === 403)) {
        handlers.refused(error);
        return;
      }
    }
    handlers.state('wait');
    await new Promise((resolve) => {
      setTimeout(resolve, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]);
    });
  }
}

async function* events(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  while (!signal.aborted) {
    const { value, done } = await reader.read();
    if (done) return;
    const frames = (rest + value).split('\n\n');
    rest = frames.pop();
    for (const frame of frames) yield parse(frame);
  }
}

function parse(frame) {
  const fields = { event: 'message', data: '' };
  for (const line of frame.split('\n')) {
    const at = line.indexOf(': ');
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 2);
  }
  return fields;
}
