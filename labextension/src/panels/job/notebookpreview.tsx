/** A notebook to look at: its source and its outputs as text and images. Nothing in it runs. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { AnsiLine } from '../../components/ansi';
import type { PreviewCell, PreviewOutput } from '../../models/preview';

/** Lines of one output that are drawn. */
const LINES = 200;

/** See the module's comment. */
export function NotebookPreview(props: {
  cells: readonly PreviewCell[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { cells, trans } = props;
  return (
    <div className="sub-Preview-notebook" tabIndex={0}>
      {cells.map((cell, at) => (
        <div key={at} className={`sub-Preview-cell sub-mod-${cell.kind}`}>
          {cell.kind === 'code' && (
            <span className="sub-Preview-count" aria-hidden="true">
              {`[${cell.count ?? ' '}]`}
            </span>
          )}
          <pre>{cell.source}</pre>
          {cell.outputs.map((output, number) => (
            <Output key={number} output={output} trans={trans} />
          ))}
        </div>
      ))}
    </div>
  );
}

function Output(props: { output: PreviewOutput; trans: TranslationBundle }): React.ReactElement {
  const { output, trans } = props;
  if (output.kind === 'image') {
    return (
      <img
        className="sub-Preview-output"
        src={`data:${output.type};base64,${output.data}`}
        alt={trans.__('An image that the notebook shows')}
      />
    );
  }
  const lines = output.data.split('\n');
  const rest = lines.length - LINES;
  return (
    <pre className={`sub-Preview-output sub-mod-${output.kind}`}>
      {lines.slice(0, LINES).map((line, at) => (
        <React.Fragment key={at}>
          <AnsiLine text={line} />
          {'\n'}
        </React.Fragment>
      ))}
      {rest > 0 && trans._n('… and %1 more line', '… and %1 more lines', rest)}
    </pre>
  );
}
