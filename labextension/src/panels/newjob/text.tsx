/** The job's spec as a text: what is typed is read at once, and faults have their lines. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { TextButton } from '../../components/basics';
import type { Fault, Format } from '../../models/spectext';
import { faultSentence, type Errors } from './errors';

export interface SpecTextProps {
  id: string;
  format: Format;
  text: string;
  faults: readonly Fault[];
  /** What the server or the form found, by field. */
  errors: Errors;
  lineOf: (field: string) => number | null;
  onChange: (text: string) => void;
  onDiscard: () => void;
  trans: TranslationBundle;
}

interface Line {
  line: number | null;
  sentence: string;
}

/** See the module's comment. */
export function SpecText(props: SpecTextProps): React.ReactElement {
  const { id, format, text, faults, onChange, onDiscard, trans } = props;
  const area = React.useRef<HTMLTextAreaElement>(null);
  const name = format === 'json' ? 'JSON' : 'YAML';
  const lines = linesOf(props);
  return (
    <div className={lines.length > 0 ? 'sub-Field sub-mod-invalid' : 'sub-Field'}>
      <label htmlFor={id}>{trans.__('Spec as %1', name)}</label>
      <textarea
        id={id}
        ref={area}
        className="jp-mod-styled sub-Area"
        rows={Math.min(40, Math.max(14, text.split('\n').length + 1))}
        spellCheck={false}
        wrap="off"
        aria-invalid={lines.length > 0}
        aria-describedby={`${id}-hint ${id}-faults`}
        value={text}
        onChange={event => onChange(event.target.value)}
      />
      <div id={`${id}-hint`} className="sub-Field-hint">
        {trans.__('The same job as in the form; the files that travel are chosen above.')}
      </div>
      {lines.length > 0 && (
        <ul id={`${id}-faults`} className="sub-Faults" role="alert">
          {lines.map(({ line, sentence }, index) => (
            <li key={index}>
              {line !== null && (
                <TextButton onClick={() => select(area.current, line)}>
                  {trans.__('Line %1', line)}
                </TextButton>
              )}{' '}
              {sentence}
            </li>
          ))}
        </ul>
      )}
      {faults.length > 0 && (
        <div className="sub-Faults-back">
          {trans.__('Until this is mended, the form keeps what was last read.')}{' '}
          <TextButton onClick={onDiscard}>{trans.__('Back to what was last read')}</TextButton>
        </div>
      )}
    </div>
  );
}

function linesOf({ faults, errors, lineOf, trans }: SpecTextProps): Line[] {
  return [
    ...faults.map(fault => ({ line: fault.line, sentence: faultSentence(fault, trans) })),
    ...Object.entries(errors).map(([field, sentence]) => ({
      line: lineOf(field),
      sentence: `${field}: ${sentence}`
    }))
  ];
}

/** Mark a line in the text and bring it into view. */
export function select(area: HTMLTextAreaElement | null, line: number): void {
  if (area) {
    const lines = area.value.split('\n');
    const start = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
    area.focus();
    area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  }
}
