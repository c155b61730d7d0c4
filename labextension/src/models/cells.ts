/** Which of a notebook's cells define a name, by the beginnings of their lines. Pure. */

/** The cells of `above` that define one of `names`, in their order. */
export function defining(names: readonly string[], above: readonly string[]): string[] {
  const wanted = new Set(names);
  const found = new Set<number>();
  // The last definition is the one that counted when the cell ran in the kernel.
  for (let index = above.length - 1; index >= 0; index--) {
    const here = definitions(above[index]).filter(name => wanted.has(name));
    if (here.length > 0) {
      found.add(index);
      here.forEach(name => wanted.delete(name));
    }
  }
  return above.filter((_, index) => found.has(index));
}

/** The lines of `above` that import one of `names`; they may be repeated without harm. */
export function imports(names: readonly string[], above: readonly string[]): string[] {
  const wanted = new Set(names);
  const lines = above.flatMap(source => source.split('\n'));
  return lines.filter(
    (line, index) => lines.indexOf(line) === index && imported(line).some(name => wanted.has(name))
  );
}

/** Names that a cell's outermost lines assign, import or define. */
export function definitions(source: string): string[] {
  return source.split('\n').flatMap(line => [...imported(line), ...assigned(line)]);
}

function imported(line: string): string[] {
  // A list in brackets that goes on in the next line is not read.
  const match = /^(?:from\s+\S+\s+)?import\s+(?:\(([^()]+)\)|([^(#]+))/.exec(line);
  if (!match) {
    return [];
  }
  return (match[1] ?? match[2])
    .split(',')
    .map(part => /^\s*([\w.]+)(?:\s+as\s+(\w+))?/.exec(part))
    .flatMap(found => (found ? [found[2] ?? found[1].split('.')[0]] : []));
}

function assigned(line: string): string[] {
  const defined = /^(?:async\s+)?(?:def|class)\s+(\w+)/.exec(line);
  if (defined) {
    return [defined[1]];
  }
  const loop = /^for\s+([\w\s,()]+?)\s+in\b/.exec(line) ?? /^with\b.*\bas\s+(\w+)/.exec(line);
  const targets = loop ?? /^([A-Za-z_][\w\s,()*]*?)\s*(?::[^=]+)?=(?!=)/.exec(line);
  return targets ? (targets[1].match(/[A-Za-z_]\w*/g) ?? []) : [];
}
