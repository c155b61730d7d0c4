/** The charts as one picture: title, curves as they are on the screen, legend, the theme's ground. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Line } from '../../components/plot';
import { curveColor, curveDash } from '../../components/swatch';
import { metric, placeWords } from '../../components/words';
import type { Choice } from '../../models/choice';

export interface PictureOptions {
  title: string;
  drawn: readonly (readonly Line[])[];
  /** The metrics of each chart. */
  groups: readonly (readonly string[])[];
  choice: Choice;
  trans: TranslationBundle;
}

const MARGIN = 16;
const ROW = 20;

/** A PNG of the charts below `root`. */
export async function picture(root: HTMLElement | null, options: PictureOptions): Promise<Blob> {
  const charts = [...(root?.querySelectorAll<HTMLCanvasElement>('.sub-Chart canvas') ?? [])];
  const canvas = document.createElement('canvas');
  const paper = canvas.getContext('2d');
  if (!root || !paper || charts.length === 0) {
    throw new Error(options.trans.__('There is no chart to save.'));
  }
  const page = new Page(root, charts, options);
  canvas.width = page.width * devicePixelRatio;
  canvas.height = page.height * devicePixelRatio;
  paper.scale(devicePixelRatio, devicePixelRatio);
  page.paint(paper);
  return new Promise((resolve, reject) =>
    canvas.toBlob(blob => (blob ? resolve(blob) : reject(new Error('no blob'))), 'image/png')
  );
}

/** Where everything stands: the charts as on the screen, a title above, the legend below. */
class Page {
  constructor(
    root: HTMLElement,
    private readonly _charts: readonly HTMLCanvasElement[],
    private readonly _options: PictureOptions
  ) {
    this._style = getComputedStyle(root);
    const boxes = _charts.map(chart => chart.getBoundingClientRect());
    this._left = Math.min(...boxes.map(({ left }) => left));
    this._top = Math.min(...boxes.map(({ top }) => top)) - (_options.choice.apart ? ROW : 0);
    const right = Math.max(...boxes.map(box => box.right));
    const bottom = Math.max(...boxes.map(box => box.bottom));
    this.width = Math.ceil(right - this._left) + 2 * MARGIN;
    this._below = Math.ceil(bottom - this._top) + MARGIN + 2 * ROW;
    this._legend = legendOf(_options);
    this._columns = Math.max(1, Math.floor((this.width - 2 * MARGIN) / 260));
    const rows = Math.ceil(this._legend.length / this._columns);
    this.height = this._below + rows * ROW + MARGIN;
  }

  readonly width: number;
  readonly height: number;

  paint(paper: CanvasRenderingContext2D): void {
    const { groups, choice } = this._options;
    paper.fillStyle = this._color('--jp-layout-color1');
    paper.fillRect(0, 0, this.width, this.height);
    paper.textBaseline = 'middle';
    this._text(paper, heading(this._options), MARGIN, MARGIN + ROW / 2, 'bold 15px');
    this._charts.forEach((chart, at) => {
      const box = chart.getBoundingClientRect();
      const [x, y] = [box.left - this._left + MARGIN, box.top - this._top + MARGIN + ROW];
      paper.drawImage(chart, x, y, box.width, box.height);
      if (choice.apart) {
        this._text(paper, groups[at][0], x + 48, y - ROW / 2, 'bold 13px');
      }
    });
    this._legend.forEach((entry, at) => this._entry(paper, entry, at));
  }

  private _entry(paper: CanvasRenderingContext2D, entry: Entry, at: number): void {
    const across = (this.width - 2 * MARGIN) / this._columns;
    const x = MARGIN + (at % this._columns) * across;
    const y = this._below + Math.floor(at / this._columns) * ROW + ROW / 2;
    paper.strokeStyle = this._color(curveColor(entry.color));
    paper.lineWidth = 2;
    paper.setLineDash(curveDash(entry.dash));
    paper.beginPath();
    paper.moveTo(x, y);
    paper.lineTo(x + 24, y);
    paper.stroke();
    paper.setLineDash([]);
    paper.save();
    paper.beginPath();
    paper.rect(x, y - ROW / 2, across - 8, ROW);
    paper.clip();
    this._text(paper, entry.text, x + 30, y, '12px');
    paper.restore();
  }

  private _text(
    paper: CanvasRenderingContext2D,
    text: string,
    x: number,
    y: number,
    font: string
  ): void {
    paper.font = `${font} ${this._style.fontFamily || 'sans-serif'}`;
    paper.fillStyle = this._color('--jp-ui-font-color1');
    paper.fillText(text, x, y);
  }

  private _color(name: string): string {
    return this._style.getPropertyValue(name).trim() || '#888';
  }

  private readonly _style: CSSStyleDeclaration;
  private readonly _left: number;
  private readonly _top: number;
  private readonly _below: number;
  private readonly _columns: number;
  private readonly _legend: readonly Entry[];
}

interface Entry {
  text: string;
  color: number;
  dash: number;
}

/** Each curve once, with its last value; charts of their own share the runs' entries. */
function legendOf({ drawn }: PictureOptions): Entry[] {
  const entries = new Map<string, Entry>();
  const single = drawn.length === 1;
  for (const { label, color, dash, curve } of drawn.flat()) {
    const last = curve.raw[curve.raw.length - 1];
    const value =
      single && last !== undefined
        ? `  ${metric(Number.isFinite(last) ? last : String(last))}`
        : '';
    entries.set(label, { text: label + value, color, dash });
  }
  return [...entries.values()];
}

/** The title, and which part is shown where that is not all. */
function heading({ title, choice, trans }: PictureOptions): string {
  const part = choice.range?.map(at => placeWords(at, choice.axis, trans)).join(' – ');
  return part ? `${title} · ${part}` : title;
}
