/**
 * A chart on a canvas. uPlot makes the axes, the scales and the selection; the curves are drawn
 * here, each from its own points: uPlot's own series would all need the same places, and twenty
 * runs that were thinned out have none in common.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import uPlot from 'uplot';
import {
  height,
  indexAt,
  nearestTo,
  reach,
  snapped,
  type Axis,
  type Curve,
  type Range
} from '../models/curves';
import { curveColor, curveDash } from './swatch';
import { clock, INCREMENTS, shortNumber } from './ticks';
import { duration, whole } from './words';

/** A curve and how it looks. */
export interface Line {
  /** What it belongs to: looked at, all of its curves stand out. */
  group: string;
  /** What it is called among all that are shown. */
  name: string;
  /** What it is called within its chart. */
  label: string;
  curve: Curve;
  color: number;
  dash: number;
}

export interface PlotOptions {
  element: HTMLElement;
  axis: Axis;
  log: boolean;
  /** Where the pointer is, on the axis, and what is next to it; null when it leaves. */
  onPoint: (x: number | null, group: string | null) => void;
  /** A part was selected, or null: all of it. */
  onZoom: (range: Range | null) => void;
  trans: TranslationBundle;
}

/** Pixels from a curve within which the pointer is next to it. */
const NEAR = 14;
/** Curves with fewer points show each of them. */
const FEW = 3;

/** See the module's comment. */
export class Plot {
  constructor(private readonly _options: PlotOptions) {
    const { element } = _options;
    const style = getComputedStyle(element);
    this._color = name => style.getPropertyValue(name).trim() || '#888';
    this._plot = new uPlot(
      this._makeOptions(style),
      [
        [0, 1],
        [0, 1]
      ],
      element
    );
    this._mark = document.createElement('div');
    this._mark.className = 'sub-Chart-mark';
    this._mark.hidden = true;
    this._plot.over.append(this._mark);
  }

  get lines(): readonly Line[] {
    return this._lines;
  }

  /** The part of the axis that is shown. */
  get range(): Range {
    return this._x;
  }

  /** Draw these. `group` stands out, where there is one. */
  draw(lines: readonly Line[], range: Range | null, group: string | null): void {
    this._lines = lines;
    this._group = group;
    const curves = lines.map(line => line.curve);
    const all = reach(curves) ?? [0, 1];
    this._x = range ?? (all[0] < all[1] ? all : [all[0] - 1, all[0] + 1]);
    this._y = padded(height(curves, this._x), this._options.log);
    this._plot.setData([[...this._x], [...this._y]]);
  }

  /** Another curve stands out. */
  lookAt(group: string | null): void {
    if (group !== this._group) {
      this._group = group;
      this._plot.redraw(false, false);
    }
  }

  /** Mark a place on the axis, and the points there. */
  moveTo(x: number | null): void {
    this._at = x;
    const seen = x !== null && x >= this._x[0] && x <= this._x[1];
    this._mark.hidden = !seen;
    if (seen) {
      this._mark.style.left = `${this._plot.valToPos(x, 'x')}px`;
      this._mark.replaceChildren(...this._dots(x));
    }
  }

  resize(size: { width: number; height: number }): void {
    this._plot.setSize(size);
  }

  dispose(): void {
    this._plot.destroy();
  }

  private _dots(x: number): HTMLElement[] {
    // Asking the element for its height would lay the page out anew for each pointer's move.
    const bottom = this._plot.bbox.height / devicePixelRatio;
    return this._lines.flatMap(({ curve, color }) => {
      const at = indexAt(curve, x);
      const top = this._plot.valToPos(curve.y[at], 'y');
      // Of a curve that has not begun, or ended long before, nothing is there.
      if (!(top >= 0) || top > bottom || !isThere(curve, x, at)) {
        return [];
      }
      const dot = document.createElement('span');
      dot.style.top = `${top}px`;
      dot.style.background = `var(${curveColor(color)})`;
      return [dot];
    });
  }

  private _makeOptions(style: CSSStyleDeclaration): uPlot.Options {
    const { element, axis, log } = this._options;
    const color = this._color;
    const look: uPlot.Axis = {
      stroke: color('--jp-ui-font-color2'),
      font: `11px ${style.getPropertyValue('--jp-ui-font-family') || 'sans-serif'}`,
      grid: { stroke: color('--sub-grid'), width: 1 },
      ticks: { stroke: color('--jp-border-color1'), width: 1, size: 4 }
    };
    return {
      width: element.clientWidth || 300,
      height: element.clientHeight || 150,
      legend: { show: false },
      cursor: {
        x: false,
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => (this._options.onZoom(null), null) }
      },
      scales: {
        x: { time: false, range: () => [...this._x] },
        y: { distr: log ? 3 : 1, range: () => [...this._y] }
      },
      axes: [
        { ...look, size: 28, incrs: INCREMENTS[axis], values: (_, at) => this._xWords(at) },
        {
          ...look,
          size: (_, words) => 18 + 7 * Math.max(3, ...(words ?? []).map(word => word.length)),
          values: (_, at) => at.map(shortNumber)
        }
      ],
      // Its one series is only there for the scales.
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: {
        draw: [({ ctx, bbox }) => this._paint(ctx, bbox)],
        setCursor: [({ cursor }) => this._pointed(cursor)],
        setSelect: [plot => this._selected(plot)]
      }
    };
  }

  private _xWords(splits: number[]): string[] {
    const { axis, trans } = this._options;
    if (axis === 'clock') {
      return clock(splits, this._x);
    }
    return splits.map(x => (axis === 'step' ? whole(x) : duration(x, trans)));
  }

  /** uPlot tells of its cursor also when it drew; a pointer that rests is not where one looks. */
  private _pointed({ left = -1, top = -1 }: uPlot.Cursor): void {
    const place = `${left} ${top}`;
    if (place === this._pointer) {
      return;
    }
    this._pointer = place;
    if (left < 0) {
      this._options.onPoint(null, null);
      return;
    }
    const curves = this._lines.map(({ curve }) => curve);
    const x = snapped(curves, this._plot.posToVal(left, 'x'));
    this._options.onPoint(x, x === null ? null : this._nextTo(x, top));
  }

  /** The group of the curve that the pointer is next to. */
  private _nextTo(x: number, top: number): string | null {
    let best: { group: string; away: number } | null = null;
    for (const { curve, group } of this._lines) {
      const away = Math.abs(this._plot.valToPos(curve.y[nearestTo(curve, x)], 'y') - top);
      if (away < (best?.away ?? NEAR)) {
        best = { group, away };
      }
    }
    return best?.group ?? null;
  }

  private _selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width > 2) {
      this._options.onZoom([plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]);
      plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    }
  }

  private _paint(ctx: CanvasRenderingContext2D, box: uPlot.BBox): void {
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.width, box.height);
    ctx.clip();
    ctx.lineJoin = 'round';
    // What stands out lies on top.
    const last = this._lines.filter(({ group }) => group === this._group);
    const first = this._lines.filter(({ group }) => group !== this._group);
    const stands = last.length > 0;
    first.forEach(line => this._paintLine(ctx, box, line, stands ? 0.25 : 1, 1.5));
    last.forEach(line => this._paintLine(ctx, box, line, 1, 2.25));
    ctx.restore();
    // Only now the scales are those of what was drawn.
    this.moveTo(this._at);
  }

  private _paintLine(
    ctx: CanvasRenderingContext2D,
    box: uPlot.BBox,
    { curve, color, dash }: Line,
    alpha: number,
    width: number
  ): void {
    const scale = devicePixelRatio;
    ctx.strokeStyle = ctx.fillStyle = this._color(curveColor(color));
    ctx.lineWidth = width * scale;
    ctx.setLineDash(curveDash(dash).map(length => length * scale));
    if (curve.raw !== curve.y && this._isSmoothed(curve)) {
      ctx.globalAlpha = alpha * 0.25;
      this._trace(ctx, curve, curve.raw);
    }
    ctx.globalAlpha = alpha;
    this._trace(ctx, curve, curve.y);
    ctx.setLineDash([]);
    this._crosses(ctx, box, curve);
  }

  /** A log scale has its own array, too, but draws what was measured. */
  private _isSmoothed({ raw, y }: Curve): boolean {
    return raw.some((value, at) => Number.isFinite(y[at]) && y[at] !== value);
  }

  /** The visible part of a curve; what is not finite is a gap. */
  private _trace(ctx: CanvasRenderingContext2D, curve: Curve, ys: readonly number[]): void {
    const plot = this._plot;
    const { x: xs } = curve;
    const end = Math.min(indexAt(curve, this._x[1]) + 1, xs.length - 1);
    const begin = Math.max(0, indexAt(curve, this._x[0]));
    let run = 0;
    ctx.beginPath();
    for (let at = begin; at <= end + 1; at++) {
      const drawable = at <= end && Number.isFinite(ys[at]) && (!this._options.log || ys[at] > 0);
      if (!drawable) {
        if (run > 0 && run < FEW) {
          this._dot(ctx, xs[at - 1], ys[at - 1]);
        }
        run = 0;
        continue;
      }
      const [left, top] = [plot.valToPos(xs[at], 'x', true), plot.valToPos(ys[at], 'y', true)];
      if (run === 0) {
        ctx.moveTo(left, top);
      } else {
        ctx.lineTo(left, top);
      }
      run++;
    }
    ctx.stroke();
  }

  /** A point that no line leads through would not be seen. */
  private _dot(ctx: CanvasRenderingContext2D, x: number, y: number): void {
    const [left, top] = [this._plot.valToPos(x, 'x', true), this._plot.valToPos(y, 'y', true)];
    ctx.fillRect(
      left - 2.5 * devicePixelRatio,
      top - 2.5 * devicePixelRatio,
      5 * devicePixelRatio,
      5 * devicePixelRatio
    );
  }

  /** Where values are not finite: at the top what is endlessly large, else at the bottom. */
  private _crosses(ctx: CanvasRenderingContext2D, box: uPlot.BBox, { x, raw }: Curve): void {
    const size = 4 * devicePixelRatio;
    let last = -Infinity;
    ctx.beginPath();
    for (let at = 0; at < raw.length; at++) {
      if (Number.isFinite(raw[at])) {
        continue;
      }
      const left = this._plot.valToPos(x[at], 'x', true);
      const top = raw[at] > 0 ? box.top + 2 * size : box.top + box.height - 2 * size;
      if (left - last > 4 * size) {
        ctx.moveTo(left - size, top - size);
        ctx.lineTo(left + size, top + size);
        ctx.moveTo(left - size, top + size);
        ctx.lineTo(left + size, top - size);
        last = left;
      }
    }
    ctx.stroke();
  }

  private readonly _plot: uPlot;
  private readonly _color: (name: string) => string;
  private readonly _mark: HTMLElement;
  private _lines: readonly Line[] = [];
  private _group: string | null = null;
  private _x: Range = [0, 1];
  private _y: Range = [0, 1];
  private _at: number | null = null;
  private _pointer = '-10 -10';
}

/** Whether a curve has begun at a place and, but for the last step or two, not ended. */
function isThere({ x: xs }: Curve, x: number, at: number): boolean {
  const last = xs.length - 1;
  const gap = last > 0 ? (xs[last] - xs[0]) / last : 0;
  return xs[at] <= x && (at < last || x - xs[last] <= 2 * gap);
}

/** Air above and below; a scale of one value gets some height. */
function padded(range: Range | null, log: boolean): Range {
  if (!range) {
    return log ? [0.1, 1] : [0, 1];
  }
  const [low, high] = range;
  if (log) {
    return low < high
      ? [low / (high / low) ** 0.05, high * (high / low) ** 0.05]
      : [low / 2, low * 2];
  }
  const air = low < high ? (high - low) * 0.05 : Math.abs(low) / 10 || 1;
  return [low - air, high + air];
}
