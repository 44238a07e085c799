import type { Figure } from '../figure.ts';
import { journaled, unsealed, visible } from './visible.ts';

export const figures: readonly Figure[] = [visible, unsealed, journaled];
