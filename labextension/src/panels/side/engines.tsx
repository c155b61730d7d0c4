/** Where jobs can run: a chip for each engine, with load and health. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Engine } from '../../api/types';
import { engineTitle, exactTime, load, waitingWords } from '../../components/words';

/** One engine in a few words; a bar at its foot says how full it is. */
export function EngineChip(props: {
  engine: Engine;
  /** Whether the numbers are those of before the connection was lost. */
  stale: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { engine, stale, trans } = props;
  const words = engine.healthy ? load(engine, trans) : trans.__('unavailable');
  const queue = engine.queue > 0 ? waitingWords(engine.queue, trans) : null;
  return (
    <span
      className={`sub-Chip sub-EngineChip${engine.healthy ? '' : ' sub-mod-unhealthy'}${stale ? ' sub-mod-stale' : ''}`}
      title={stale ? trans.__('As it was before the connection was lost') : titleOf(engine)}
    >
      <Health healthy={engine.healthy} />
      <span className="sub-EngineChip-words">
        {engineTitle(engine, trans)} <strong>{words}</strong>
        {queue && ` · ${queue}`}
      </span>
      {engine.healthy && <Fullness engine={engine} />}
    </span>
  );
}

/** Why an engine can't be reached, and since when. */
export function EngineTrouble(props: {
  engine: Engine;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { engine, trans } = props;
  const { healthy, reason, since } = engine;
  if (healthy || !reason) {
    return null;
  }
  return (
    <p className="sub-Header-why sub-mod-unhealthy" role="status">
      <strong>{engineTitle(engine, trans)}:</strong> {reason}{' '}
      {since && (
        <time dateTime={since} title={exactTime(since)}>
          {trans.__(
            'Since %1.',
            new Date(since).toLocaleTimeString(undefined, { timeStyle: 'short' })
          )}
        </time>
      )}
    </p>
  );
}

/** A full disc for what is well, a cross for what is not; the words say the same. */
function Health({ healthy }: { healthy: boolean }): React.ReactElement {
  return (
    <svg
      className="sub-EngineChip-health"
      viewBox="0 0 8 8"
      width="8"
      height="8"
      aria-hidden="true"
    >
      {healthy ? <circle cx="4" cy="4" r="3" /> : <path d="M1 1l6 6m0-6l-6 6" />}
    </svg>
  );
}

/** The scarcest thing counts. */
function Fullness({ engine }: { engine: Engine }): React.ReactElement | null {
  const { capacity, in_use: used } = engine;
  if (!capacity || !used) {
    return null;
  }
  const parts = [used.cpu / capacity.cpu, capacity.gpu ? used.gpu / capacity.gpu : 0];
  const part = Math.min(1, Math.max(...parts.filter(Number.isFinite)));
  return (
    <span className="sub-EngineChip-load" aria-hidden="true">
      <span style={{ width: `${part * 100}%` }} />
    </span>
  );
}

function titleOf({ reason }: Engine): string | undefined {
  return reason ?? undefined;
}
