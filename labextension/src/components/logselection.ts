/**
 * Selecting in a list of which only what is in view exists: the lines at which a selection
 * begins and ends stay, and what is copied is everything between them. Lines are told apart
 * by a number that they keep when others come before them.
 */
import * as React from 'react';

/** What stands in a line, by its number. */
export type TextOf = (line: number) => string;

/** Lines that must stay drawn, so that the browser keeps its selection, or where one begins. */
export function useSelectedLines(list: React.RefObject<HTMLElement>): readonly number[] {
  const [lines, setLines] = React.useState<readonly number[]>([]);
  React.useEffect(() => {
    const changed = () => {
      const found = selected(list.current);
      const next = found ? [found[0].line, found[1].line] : [];
      setLines(known => (known.join() === next.join() ? known : next));
    };
    document.addEventListener('selectionchange', changed);
    return () => document.removeEventListener('selectionchange', changed);
  }, [list]);
  return lines;
}

/** Put all selected lines on the clipboard, also those that are not drawn. */
export function copySelected(event: React.ClipboardEvent<HTMLElement>, textOf: TextOf): void {
  const found = selected(event.currentTarget);
  if (found && found[1].line !== found[0].line) {
    const [from, to] = found;
    const lines = Array.from({ length: to.line - from.line + 1 }, (_, at) =>
      textOf(from.line + at)
    );
    lines[lines.length - 1] = lines[lines.length - 1].slice(0, to.offset);
    lines[0] = lines[0].slice(from.offset);
    event.clipboardData.setData('text/plain', lines.join('\n'));
    event.preventDefault();
  }
}

interface Place {
  line: number;
  offset: number;
}

function selected(list: HTMLElement | null): [Place, Place] | null {
  const selection = document.getSelection();
  if (!list || !selection || selection.rangeCount === 0) {
    return null;
  }
  const range = selection.getRangeAt(0);
  const from = placeOf(list, range.startContainer, range.startOffset);
  const to = placeOf(list, range.endContainer, range.endOffset);
  return from && to && [from, to];
}

function placeOf(list: HTMLElement, node: Node, offset: number): Place | null {
  const element = node instanceof Element ? node : node.parentElement;
  const line = element?.closest<HTMLElement>('[data-line]');
  if (!line || !list.contains(line)) {
    return null;
  }
  const before = document.createRange();
  before.setStart(line, 0);
  before.setEnd(node, offset);
  return { line: Number(line.dataset.line), offset: before.toString().length };
}
