/** Which files import each other in a circle: neither can be understood, tested or loaded without the other. */

/** For each file, those that it imports. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** Circles that have no file in common, each from its first file by name; none when the graph has none. */
export function importCycles(graph: ImportGraph): string[][] {
  const cycles: string[][] = [];
  for (let knot = untangle(amongThemselves(graph, [...graph.keys()])); knot.size > 0; ) {
    const cycle = walkOneCycle(knot);
    cycles.push(cycle);
    const others = [...knot.keys()].filter((file) => !cycle.includes(file));
    knot = untangle(amongThemselves(knot, others));
  }
  return cycles;
}

/** What is left when files that import nothing are taken away again and again: circles, and what leads into them. */
function untangle(graph: ImportGraph): ImportGraph {
  const importing = [...graph.keys()].filter((file) => graph.get(file)?.length);
  return importing.length === graph.size ? graph : untangle(amongThemselves(graph, importing));
}

/** The graph of these files alone: what they import beside each other is not in it. */
function amongThemselves(graph: ImportGraph, files: readonly string[]): ImportGraph {
  const known = new Set(files);
  return new Map(files.map((file) => [file, (graph.get(file) ?? []).filter((imported) => known.has(imported))]));
}

/** Follows first imports until a file comes again: in a knot each file has one. */
function walkOneCycle(knot: ImportGraph): string[] {
  const path: string[] = [];
  let [file = ''] = knot.keys();
  while (!path.includes(file)) {
    path.push(file);
    file = knot.get(file)?.[0] ?? '';
  }
  const cycle = path.slice(path.indexOf(file));
  const first = cycle.indexOf(cycle.toSorted()[0] ?? '');
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}
