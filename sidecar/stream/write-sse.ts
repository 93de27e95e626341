/** Writes server-sent events (WHATWG HTML, section 9.2) so that any conforming decoder reads the same back. */
import type { SseEvent } from './sse-event.ts';

/** The text of one event with its closing blank line. Data with line breaks becomes several `data` fields. */
export function writeSse(event: SseEvent): string {
  const name = event.event === '' ? '' : `event: ${event.event.replace(/[\r\n]/g, ' ')}\n`;
  const data = /[\r\n]/.test(event.data) ? event.data.split(/\r\n|\r|\n/).join('\ndata: ') : event.data;
  return `${name}data: ${data}\n\n`;
}

/** A comment line, which readers ignore: keeps an idle connection alive. */
export const writeSseComment = (text: string): string => `: ${text.replace(/[\r\n]/g, ' ')}\n\n`;
