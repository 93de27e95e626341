/** As its author wrote it. */
import type { Strategy } from './strategy.ts';

export const priority: Strategy = ({ targets }) => ({ targets });
