import type { Figure } from '../figure.ts';
import { border } from './border.ts';
import { http } from './http.ts';
import { lag } from './lag.ts';
import { memory } from './memory.ts';
import { append, seal } from './parts.ts';
import { rebuild } from './rebuild.ts';
import { sink } from './sink.ts';
import { journaled, unsealed, visible } from './visible.ts';

/** In the order they run: what is compared with each other runs one after the other. */
export const figures: readonly Figure[] = [
  visible,
  unsealed,
  sink,
  journaled,
  append,
  seal,
  rebuild,
  http,
  lag,
  border,
  memory,
];
