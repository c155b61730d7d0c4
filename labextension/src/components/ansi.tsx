/** One line of a log with its colours, as text nodes: whatever the line says, it is never HTML. */
import Anser from 'anser';
import * as React from 'react';

/** Characters of a line that are drawn; the rest is only counted. */
const LONGEST = 4000;

/** Titles, links and other commands to a terminal that show nothing. */
const INVISIBLE =
  /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[()][A-Z0-9]|[\u0000-\u0008\u000b-\u001a]/g;

/** What to mark in a line; nothing where the text is empty. */
export interface Find {
  text: string;
  /** Whether capital and small letters are told apart. */
  case: boolean;
}

/** See the module's comment. */
export function AnsiLine(props: { text: string; find?: Find }): React.ReactElement {
  const clean = props.text.replace(INVISIBLE, '');
  const shown = clean.slice(0, LONGEST);
  const hidden = clean.length - shown.length;
  return (
    <>
      {drawn(shown, props.find)}
      {hidden > 0 && <span className="sub-LogLine-more">{` … +${hidden}`}</span>}
    </>
  );
}

/** A line as text alone, for the clipboard. */
export function plain(text: string): string {
  return Anser.ansiToText(text.replace(INVISIBLE, ''));
}

function drawn(text: string, find: Find | undefined): React.ReactNode {
  if (!text.includes('\u001b') && !find?.text) {
    return text;
  }
  const runs = text.includes('\u001b') ? colored(text) : [{ content: text }];
  return find?.text ? marked(runs, find) : runs.map(span);
}

/** A stretch of text that looks the same. */
interface Run {
  content: string;
  className?: string;
  style?: React.CSSProperties;
}

function span({ content, className, style }: Run, key: number): React.ReactElement {
  return (
    <span key={key} className={className} style={style}>
      {content}
    </span>
  );
}

function colored(text: string): Run[] {
  const parts = Anser.ansiToJson(text, { json: true, use_classes: true, remove_empty: true });
  return parts.map(part => ({
    content: part.content,
    className: classes(part),
    style: trueColors(part)
  }));
}

/** The runs with every place marked where the text stands, also across colours. */
function marked(runs: readonly Run[], find: Find): React.ReactElement[] {
  const places = placesOf(runs.map(({ content }) => content).join(''), find);
  let begin = 0;
  return runs.map((run, key) => {
    const from = begin;
    begin += run.content.length;
    return (
      <span key={key} className={run.className} style={run.style}>
        {cut(run.content, places, from)}
      </span>
    );
  });
}

/** A run's text, parted where places begin and end. */
function cut(text: string, places: readonly number[], from: number): React.ReactNode[] {
  const edges = places.map(place => Math.min(Math.max(place - from, 0), text.length));
  const bounds = [0, ...edges, text.length];
  return bounds.slice(1).map((end, index) => {
    const part = text.slice(bounds[index], end);
    return index % 2 === 1 && part !== '' ? <mark key={index}>{part}</mark> : part;
  });
}

/** Where the text begins and ends in the line: begin, end, begin, end, … */
function placesOf(line: string, find: Find): number[] {
  const folded = (text: string) => (find.case ? text : text.toLowerCase());
  const [within, wanted] = [folded(line), folded(find.text)];
  const places: number[] = [];
  for (let at = within.indexOf(wanted); at >= 0; at = within.indexOf(wanted, at + wanted.length)) {
    places.push(at, at + wanted.length);
  }
  return places;
}

type Part = ReturnType<typeof Anser.ansiToJson>[number];

/** Only the names that the style sheet knows. */
function classes(part: Part): string {
  const fg = known(part.fg) ? `sub-fg-${part.fg.slice(5)}` : '';
  const bg = known(part.bg) ? `sub-bg-${part.bg.slice(5)}` : '';
  return [fg, bg, ...part.decorations.map(one => `sub-ansi-${one}`)].filter(Boolean).join(' ');
}

function known(color: string | null): color is string {
  return color !== null && /^ansi-(bright-)?[a-z]+$/.test(color) && !/truecolor/.test(color);
}

function trueColors(part: Part): React.CSSProperties | undefined {
  const color = rgb(part.fg, part.fg_truecolor);
  const backgroundColor = rgb(part.bg, part.bg_truecolor);
  return color || backgroundColor ? { color, backgroundColor } : undefined;
}

const CUBE = [0, 95, 135, 175, 215, 255];

function rgb(name: string | null, truecolor: string | null): string | undefined {
  const palette = /^ansi-palette-(\d{1,3})$/.exec(name ?? '');
  if (palette) {
    return paletteColor(Number(palette[1]));
  }
  return name === 'ansi-truecolor' && /^\d+, ?\d+, ?\d+$/.test(truecolor ?? '')
    ? `rgb(${truecolor})`
    : undefined;
}

/** The 6×6×6 cube and the greys of a terminal's 256 colours. */
function paletteColor(index: number): string {
  if (index >= 232) {
    const grey = 8 + 10 * (index - 232);
    return `rgb(${grey}, ${grey}, ${grey})`;
  }
  const cube = index - 16;
  const [r, g, b] = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6];
  return `rgb(${CUBE[r]}, ${CUBE[g]}, ${CUBE[b]})`;
}
