/** One line of a log with its colours, as text nodes: whatever the line says, it is never HTML. */
import Anser from 'anser';
import * as React from 'react';

/** Characters of a line that are drawn; the rest is only counted. */
const LONGEST = 4000;

/** Titles, links and other commands to a terminal that show nothing. */
const INVISIBLE =
  /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[()][A-Z0-9]|[\u0000-\u0008\u000b-\u001a]/g;

/** See the module's comment. */
export function AnsiLine({ text }: { text: string }): React.ReactElement {
  const clean = text.replace(INVISIBLE, '');
  const shown = clean.slice(0, LONGEST);
  const hidden = clean.length - shown.length;
  return (
    <>
      {shown.includes('\u001b') ? colored(shown) : shown}
      {hidden > 0 && <span className="sub-LogLine-more">{` … +${hidden}`}</span>}
    </>
  );
}

function colored(text: string): React.ReactElement[] {
  const parts = Anser.ansiToJson(text, { json: true, use_classes: true, remove_empty: true });
  return parts.map((part, index) => (
    <span key={index} className={classes(part)} style={trueColors(part)}>
      {part.content}
    </span>
  ));
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
