/** The Files tab: what the job left, and a look into the file that was chosen. */
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  fileIcon,
  imageIcon,
  jsonIcon,
  notebookIcon,
  spreadsheetIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';
import type { FilePart } from '../../api/client';
import type { Artifact } from '../../api/types';
import { Message, TextButton } from '../../components/basics';
import { useAnswer } from '../../components/hooks';
import { bytes } from '../../components/words';
import { kindOf, type PreviewKind } from '../../models/preview';
import { Preview } from './preview';

export interface FilesTabProps {
  /** Read the list; it changes when there may be more to list. */
  read: () => Promise<Artifact[]>;
  /** Read the beginning of a file. */
  open: (path: string, most: number) => Promise<FilePart>;
  urlOf: (path: string) => string;
  onOpen: (path: string) => void;
  trans: TranslationBundle;
}

/** Files that are listed before somebody asks for more. */
const MANY = 200;

/** See the module's comment. */
export function FilesTab(props: FilesTabProps): React.ReactElement {
  const { read, trans } = props;
  const { value: items, problem } = useAnswer(read);
  const [chosen, choose] = React.useState<string | null>(null);
  if (problem !== null) {
    return <Message kind="failed">{problem}</Message>;
  }
  if (items === null) {
    return <Message kind="loading">{trans.__('Loading files…')}</Message>;
  }
  if (items.length === 0) {
    return (
      <Message kind="empty">
        {trans.__(
          'No files. In your code: from submarine_ext import track; track.artifact("model.pkl").'
        )}
      </Message>
    );
  }
  const file = items.find(({ path }) => path === chosen);
  return (
    <div className={file ? 'sub-FilesTab sub-mod-open' : 'sub-FilesTab'}>
      <List {...props} items={items} chosen={chosen} onChoose={choose} />
      {file && (
        // Another size is another content.
        <Preview
          key={`${file.path} ${file.size}`}
          {...props}
          file={file}
          onClose={() => choose(null)}
        />
      )}
    </div>
  );
}

interface ListProps extends FilesTabProps {
  items: Artifact[];
  chosen: string | null;
  onChoose: (path: string) => void;
}

function List(props: ListProps): React.ReactElement {
  const { items, trans } = props;
  const [shown, setShown] = React.useState(MANY);
  const rest = Math.max(0, items.length - shown);
  return (
    <div className="sub-FilesTab-list">
      <table className="sub-Files">
        <thead>
          <tr>
            <th scope="col">{trans.__('File')}</th>
            <th scope="col" className="sub-Number">
              {trans.__('Size')}
            </th>
            <th scope="col">
              <span className="sub-Hidden">{trans.__('Get it')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {items.slice(0, shown).map(file => (
            <Row key={file.path} {...props} file={file} />
          ))}
        </tbody>
      </table>
      {rest > 0 && (
        <TextButton onClick={() => setShown(shown + MANY)}>
          {trans._n('Show %1 more file', 'Show %1 more files', rest)}
        </TextButton>
      )}
    </div>
  );
}

const ICONS: { readonly [kind in PreviewKind]: typeof fileIcon } = {
  image: imageIcon,
  table: spreadsheetIcon,
  notebook: notebookIcon,
  json: jsonIcon,
  text: fileIcon
};

function Row({ file, chosen, onChoose, urlOf, trans }: ListProps & { file: Artifact }) {
  const { path, size } = file;
  const Icon = ICONS[kindOf(path)];
  return (
    <tr className={path === chosen ? 'sub-mod-current' : undefined}>
      <td>
        <button
          type="button"
          className="sub-Files-name"
          aria-pressed={path === chosen}
          title={trans.__('Look into %1', path)}
          onClick={() => onChoose(path)}
        >
          <Icon.react tag="span" width="16px" height="16px" />
          <span>{path}</span>
        </button>
      </td>
      <td className="sub-Number">{bytes(size)}</td>
      <td>
        <a href={urlOf(path)} download={path.split('/').pop()} title={path}>
          {trans.__('Download')}
        </a>
      </td>
    </tr>
  );
}
