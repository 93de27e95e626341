/** What lies where in the folder of `remora dev --state`. */
import { join } from 'node:path';

export const historyFile = (folder: string): string => join(folder, 'history.sqlite');
