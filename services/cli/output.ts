/** Where a verb prints: results to standard output, everything else to standard error. */
export interface Output {
  readonly json: boolean;
  /** A result: its JSON with `--json`, else the lines of `text`. */
  result(value: unknown, text: () => string): void;
  /** A line for people; nothing with `--json`. */
  line(text: string): void;
  /** To standard error. */
  note(text: string): void;
  /** A progress bar on standard error, on a terminal only. */
  progress(label: string, total?: number): Progress;
}

export interface Progress {
  update(done: number, note?: string): void;
  end(note?: string): void;
}

export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: {
    write(text: string): unknown;
    readonly isTTY?: boolean;
    readonly columns?: number;
  };
}

const REDRAW_MS = 100;
const BAR = 24;

export function createOutput(json: boolean, streams: Streams = process): Output {
  const { stdout, stderr } = streams;
  return {
    json,
    result: (value, text) => void stdout.write(`${json ? JSON.stringify(value) : text()}\n`),
    line: (text) => {
      if (!json) stdout.write(`${text}\n`);
    },
    note: (text) => void stderr.write(`${text}\n`),
    progress: (label, total) => (stderr.isTTY === true ? bar(stderr, label, total) : SILENT),
  };
}

const SILENT: Progress = { update: () => undefined, end: () => undefined };

function bar(stderr: Streams['stderr'], label: string, total: number | undefined): Progress {
  const began = Date.now();
  let drawn = 0;
  const draw = (done: number, note: string): void => {
    const seconds = Math.max((Date.now() - began) / 1000, 0.001);
    const rate = `${Math.round(done / seconds).toLocaleString('en')}/s`;
    const share = total === undefined || total === 0 ? undefined : Math.min(1, done / total);
    const filled = Math.round((share ?? 0) * BAR);
    const picture =
      share === undefined
        ? ''
        : ` [${'='.repeat(filled)}${' '.repeat(BAR - filled)}] ${Math.floor(share * 100)} %`;
    const text = `${label}${picture} ${done.toLocaleString('en')} ${rate} ${note}`;
    stderr.write(`\r\u001B[K${text.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}`);
  };
  return {
    update(done, note = '') {
      if (Date.now() - drawn < REDRAW_MS) return;
      drawn = Date.now();
      draw(done, note);
    },
    end(note) {
      stderr.write('\r\u001B[K');
      if (note !== undefined) stderr.write(`${note}\n`);
    },
  };
}

/** Left-aligned columns under a heading; numbers to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
): string {
  const text = rows.map((row) => head.map((_, column) => show(row[column])));
  const width = head.map((title, column) =>
    Math.max(title.length, ...text.map((row) => row[column]?.length ?? 0)),
  );
  const right = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] !== 'string'),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        right[column] === true
          ? cell.padStart(width[column] ?? 0)
          : cell.padEnd(width[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(head), ...text.map(line)].join('\n');
}

function show(value: string | number | undefined): string {
  return typeof value === 'number' ? value.toLocaleString('en') : (value ?? '-');
}
