/** The Files tab: what the job left. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { sentenceOf } from '../../api/problem';
import type { Artifact } from '../../api/types';
import { Message, TextButton } from '../../components/basics';
import { bytes } from '../../components/words';

export interface FilesTabProps {
  /** Read the list; it changes when there may be more to list. */
  read: () => Promise<Artifact[]>;
  urlOf: (path: string) => string;
  onOpen: (path: string) => void;
  trans: TranslationBundle;
}

type Found = { items: Artifact[] } | { problem: string } | null;

/** See the module's comment. */
export function FilesTab(props: FilesTabProps): React.ReactElement {
  const { read, urlOf, onOpen, trans } = props;
  const [found, setFound] = React.useState<Found>(null);
  React.useEffect(() => {
    let current = true;
    read().then(
      items => current && setFound({ items }),
      error => current && setFound({ problem: sentenceOf(error) })
    );
    return () => {
      current = false;
    };
  }, [read]);
  if (found === null) {
    return <Message kind="loading">{trans.__('Loading files…')}</Message>;
  }
  if ('problem' in found) {
    return <Message kind="failed">{found.problem}</Message>;
  }
  if (found.items.length === 0) {
    return (
      <Message kind="empty">
        {trans.__(
          'No files. In your code: from submarine_ext import track; track.artifact("model.pkl").'
        )}
      </Message>
    );
  }
  return (
    <table className="sub-Files">
      <thead>
        <tr>
          <th scope="col">{trans.__('File')}</th>
          <th scope="col">{trans.__('Size')}</th>
          <th scope="col">{trans.__('Get it')}</th>
        </tr>
      </thead>
      <tbody>
        {found.items.map(({ path, size }) => (
          <tr key={path}>
            <td>{path}</td>
            <td className="sub-Number">{bytes(size)}</td>
            <td>
              <a href={urlOf(path)} download={path.split('/').pop()}>
                {trans.__('Download')}
              </a>
              {path.endsWith('.ipynb') && (
                <TextButton onClick={() => onOpen(path)}>{trans.__('Open a copy')}</TextButton>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
