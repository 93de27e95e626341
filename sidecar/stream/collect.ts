/** `list` with `item` behind it. Most chunks of a stream hold one of anything, and V8 makes room for seventeen in an array that grows from nothing. */
export function collect<T>(list: T[] | undefined, item: T): T[] {
  if (list === undefined) return [item];
  list.push(item);
  return list;
}
