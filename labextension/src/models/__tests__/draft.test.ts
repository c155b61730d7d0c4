import { describe, expect, it } from 'vitest';
import { EMPTY_DRAFT, write, type Draft } from '../draft';
import { parametersOf, type Parameter } from '../parameters';
import { split } from '../words';

const draft = (fields: Partial<Draft>): Draft => ({ ...EMPTY_DRAFT, ...fields });

describe('a command line', () => {
  it.each([
    ['python train.py --lr 0.1', ['python', 'train.py', '--lr', '0.1']],
    [`echo 'a b' "c \\"d\\"" e\\ f`, ['echo', 'a b', 'c "d"', 'e f']],
    [`a'b'"c"`, ['abc']],
    [`x '' ""`, ['x', '', '']],
    ['echo $HOME `id` $(id) *', ['echo', '$HOME', '`id`', '$(id)', '*']],
    [`'back\\slash'`, ['back\\slash']],
    ['  \n\t', []]
  ])('%s is split as a shell would, without the shell', (line, words) => {
    expect(split(line)).toEqual({ words, problem: null });
  });

  it('is refused where a quote or an escape is left open', () => {
    expect(split(`echo 'a`).problem).toBe('quote');
    expect(split('echo a\\').problem).toBe('escape');
  });
});

describe('a draft', () => {
  it('becomes a spec with nothing in it that was not typed', () => {
    const { spec, mistakes } = write(draft({ command: 'make all' }), []);
    expect([spec, mistakes]).toEqual([{ command: ['make', 'all'] }, []]);
  });

  it('carries everything that was typed', () => {
    const { spec } = write(
      draft({
        kind: 'script',
        file: 'vision/src/train.py',
        folder: 'vision',
        args: '--lr 0.1',
        name: ' digits ',
        engine: 'local',
        cpu: '500m',
        memory: '2Gi',
        gpu: '1',
        framework: 'torch',
        nodes: '2',
        processes: '4',
        retries: '3',
        timeout: '60',
        tags: 'a, b',
        env: 'A=1\nB=x=y'
      }),
      []
    );
    expect(spec).toEqual({
      script: 'src/train.py',
      args: ['--lr', '0.1'],
      name: 'digits',
      engine: 'local',
      resources: { cpu: '500m', memory: '2Gi', gpu: 1 },
      distributed: { framework: 'torch', nodes: 2, processes_per_node: 4 },
      retries: 3,
      timeout_seconds: 60,
      tags: ['a', 'b'],
      env: { A: '1', B: 'x=y' }
    });
  });

  it('names the fields that can not be understood', () => {
    const { mistakes } = write(
      draft({ kind: 'script', file: 'a/x.py', folder: 'b', gpu: 'two', env: 'nonsense' }),
      []
    );
    expect(mistakes).toEqual([
      { field: 'folder', kind: 'outside' },
      { field: 'resources.gpu', kind: 'number' },
      { field: 'env', kind: 'pair' }
    ]);
  });

  it('does not take a folder for another that begins with the same letters', () => {
    const { mistakes } = write(draft({ kind: 'script', file: 'ab/x.py', folder: 'a' }), []);
    expect(mistakes).toEqual([{ field: 'folder', kind: 'outside' }]);
  });

  it('sends only the parameters that differ from the notebook', () => {
    const declared: Parameter[] = [
      { name: 'lr', kind: 'number', initial: 0.1, comment: '', source: '0.1' },
      { name: 'epochs', kind: 'integer', initial: 5, comment: '', source: '5' }
    ];
    const notebook = draft({ kind: 'notebook', file: 'n.ipynb' });
    const typed = { ...notebook, parameters: { lr: '0.5', epochs: '5' } };
    expect(write(typed, declared).spec.parameters).toEqual({ lr: 0.5 });
    const wrong = { ...notebook, parameters: { epochs: '5.5' } };
    expect(write(wrong, declared).mistakes).toEqual([
      { field: 'parameters', kind: 'parameter', name: 'epochs' }
    ]);
  });
});

describe("a notebook's parameters", () => {
  const notebook = (source: string | string[], tags: unknown = ['parameters']) => ({
    cells: [
      { cell_type: 'markdown', source: 'lr = 9', metadata: { tags } },
      { cell_type: 'code', source, metadata: { tags } }
    ]
  });

  it('are read with their types and comments', () => {
    const source = [
      'lr: float = 1e-3  # learning rate\n',
      'epochs = 1_000\n',
      'flag = True\n',
      `name = "a # b"\n`,
      `layers = [1, 'x', None]\n`,
      'path = Path("x")\n',
      'print(lr)\n',
      'lr == 2'
    ];
    expect(
      parametersOf(notebook(source)).map(({ name, kind, initial, comment }) => [
        name,
        kind,
        initial,
        comment
      ])
    ).toEqual([
      ['lr', 'number', 0.001, 'learning rate'],
      ['epochs', 'integer', 1000, ''],
      ['flag', 'boolean', true, ''],
      ['name', 'text', 'a # b', ''],
      ['layers', 'json', [1, 'x', null], ''],
      ['path', 'json', null, '']
    ]);
  });

  it.each([null, {}, { cells: [] }, notebook('lr = 1', 'parameters'), notebook('lr = 1', [])])(
    'are none where no code cell has the tag: %j',
    value => {
      expect(parametersOf(value)).toEqual([]);
    }
  );
});
