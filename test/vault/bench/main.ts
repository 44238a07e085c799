/**
 * Figures of the vault alone: `node test/vault/bench/main.ts [--slots N]`, on a PostgreSQL of its own
 * with fsync on. The vault's code runs on this one thread; PostgreSQL beside it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool, startEmbeddedPostgres } from '#platform';
import { vaultPlace } from '#test/support/vault.ts';
import type { SealRequest, Vault } from '#vault';
import { slotPart } from '../../../services/vault/scope-names.ts';
import { boxesOf, callRequest, CARE, NOVEMBER, tel } from '../requests.ts';

const slotsAt = process.argv.indexOf('--slots');
const slots = slotsAt < 0 ? 1_000_000 : Number(process.argv[slotsAt + 1]);

async function rate(name: string, count: number, work: () => Promise<unknown>): Promise<void> {
  const from = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const seconds = (performance.now() - from) / 1000;
  const used = process.cpuUsage(cpu);
  const own = ((used.user + used.system) / 1e6 / seconds) * 100;
  const perSecond = Math.round(count / seconds).toLocaleString('en');
  const spent = `${seconds.toFixed(2)} s, ${own.toFixed(0)} % of a core`;
  console.log(`${name.padEnd(44)} ${perSecond.padStart(10)}/s  ${spent}`);
}

/** Calls among a few numbers: everything cached after the first batch. */
function calls(count: number, numbers: number, from = 0): SealRequest[] {
  return Array.from({ length: count }, (_, i) =>
    callRequest(tel(from + (i % numbers)), tel(from + ((i * 7 + 1) % numbers))),
  );
}

async function sealSteady(vault: Vault, name: string, batches: number): Promise<void> {
  const requests = calls(1000, 500);
  await vault.sealer.seal(requests);
  await rate(`seal, ${name} (boxes)`, batches * 2000, async () => {
    for (let i = 0; i < batches; i += 1) await vault.sealer.seal(requests);
  });
}

// Stopping PostgreSQL waits for a process that does not keep this one alive.
const awake = setInterval(() => undefined, 1000);
const folder = await mkdtemp(join(tmpdir(), 'tollbook-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'pg') });
const pool = createPool({ url: postgres.url, max: 8, name: 'bench' });
const place = await vaultPlace(pool);
try {
  const vault = await place.open({ slotsMax: 200_000 });
  await sealSteady(vault, 'XChaCha20-Poly1305, steady', 300);
  const aes = await place.open({ suite: 'aes-256-gcm', slotsMax: 64_000 });
  await sealSteady(aes, 'AES-256-GCM, steady', 20);

  const requests = calls(1000, 500);
  const parts = await vault.sealer.seal(requests);
  const boxes = requests.flatMap((request, i) => boxesOf(request, parts[i] ?? { groups: [] }));
  const refs = boxes.filter((_, i) => i % 2 === 0).map(({ ref }) => ref);
  await rate('open pointers', 100_000, async () => {
    for (let i = 0; i < 100; i += 1) await vault.pointers.open(refs);
  });
  await rate('open boxes, recorded', 40_000, async () => {
    for (let i = 0; i < 20; i += 1) await vault.reader.open(CARE, boxes);
  });

  const sightings = 100_000;
  await rate('first sightings, batches of 500 calls', sightings, async () => {
    for (let i = 0; i < sightings; i += 1000) {
      await vault.sealer.seal(
        Array.from({ length: 500 }, (_, j) =>
          callRequest(tel(10_000 + i + j * 2), tel(10_001 + i + j * 2)),
        ),
      );
    }
  });
  const other = await place.open({ slotsMax: 64_000 });
  await rate('known numbers after a restart', 50_000, async () => {
    for (let i = 0; i < 50_000; i += 1000) {
      await other.sealer.seal(
        Array.from({ length: 500 }, (_, j) =>
          callRequest(tel(10_000 + i + j * 2), tel(10_001 + i + j * 2)),
        ),
      );
    }
  });

  const ids: Buffer[] = [];
  const part = slotPart('cpaas-eu', NOVEMBER - 1);
  await rate(`entries alone, 1,024 a transaction`, slots, async () => {
    for (let i = 0; i < slots; i += 1024) {
      const made = await vault.keyTree.transaction(part, 1024, ({ insert }) =>
        insert('slot', 1024),
      );
      for (let j = 0; j < 1024; j += 1) ids.push(made.ids.subarray(j * 16, j * 16 + 16));
    }
  });
  for (const count of [1, 1, 1, 100, 1000, 10_000]) {
    const doomed = Array.from({ length: count }, () => {
      const at = Math.floor(Math.random() * ids.length);
      return ids.splice(at, 1)[0] ?? Buffer.alloc(16);
    });
    const from = performance.now();
    await vault.keyTree.turn(doomed);
    const ms = performance.now() - from;
    console.log(
      `turn of ${count} at ${slots.toLocaleString('en')} slots`.padEnd(44),
      ms.toFixed(1).padStart(10),
      'ms',
    );
  }
  console.log('resident', Math.round(process.memoryUsage().rss / 2 ** 20), 'MiB');
} finally {
  await place[Symbol.asyncDispose]();
  await pool.end();
  await postgres.stop();
  clearInterval(awake);
  await rm(folder, { recursive: true, force: true });
}
