"""The rules by which the lab warns before a credential is saved into a shared project.

One file of rules, which the lab reads; here both engines judge the same examples. The
examples are put together from pieces so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

RULES = json.loads(
    (Path(__file__).parents[2] / "labextension/src/models/credentials.json").read_text()
)["rules"]
MIXED = "Zx81QpLmNb37VcTyUiOpAsDfGhJkLq0912wErTyUaBcDeFgHiJkLmNoPqRsTuVwXyZ01"
HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

LEAKS = [
    ("private-key", "key = '''-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEA7'''"),
    ("private-key", '"private_key": "-----BEGIN ' + 'PRIVATE KEY-----\\nMIIEvQIBADANBg"'),
    ("private-key", "-----BEGIN OPENSSH " + "PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE"),
    ("aws-access-key", "boto3.client('s3', aws_access_key_id='AK" + "IAQ3EGRTL7WXYZ2KM4')"),
    ("aws-secret-key", "aws_secret_access_key = '" + MIXED[:40] + "'"),
    ("aws-secret-key", "AWS_SECRET_ACCESS_KEY=" + MIXED[:40]),
    ("google-key", "maps.Client(key='AI" + "za" + MIXED[:35] + "')"),
    ("azure-key", "AccountName=data;Account" + "Key=" + (MIXED * 2)[:86] + "=="),
    ("azure-key", "https://x.blob.core/c?sv=2022&sig=" + MIXED[:43] + "%3D"),
    ("github-token", "!git clone https://gh" + "p_" + MIXED[:36] + "@host/x"),
    ("github-token", "github" + "_pat_" + MIXED[:22] + "_" + MIXED[:59]),
    ("gitlab-token", "TOKEN = 'gl" + "pat-" + MIXED[:20] + "'"),
    ("slack-token", "WebClient('xo" + "xb-123456789012-" + MIXED[:24] + "')"),
    (
        "slack-token",
        "post('https://hooks.sl" + "ack.com/services/T024BE7LD/B024BE7LH/" + MIXED[:24],
    ),
    ("huggingface-token", "login('h" + "f_" + "abcdefghijKLMNOPQRSTUVWXYZabcdefgh" + "')"),
    ("model-service-key", "OpenAI('s" + "k-proj-" + MIXED[:48] + "')"),
    ("model-service-key", "x = 's" + "k-ant-api03-" + MIXED + "'"),
    ("service-token", "stripe.api = 's" + "k_live_" + MIXED[:24] + "'"),
    ("service-token", "dap" + "i" + HEX[:32]),
    ("jwt", "t = 'ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxMjM0In0." + MIXED[:43] + "'"),
    ("authorization", "headers={'Authorization': 'Bearer " + MIXED[:30] + "'}"),
    ("token-in-address", "http://localhost:8888/lab?tok" + "en=" + HEX[:48]),
    ("password-in-address", "create_engine('postgresql://ann:s3" + "cr8t@db.internal/x')"),
    ("password-in-address", "redis.from_url('redis://:hun" + "ter22@cache:6379')"),
    ("password", 'password = "hun' + 'ter2"'),
    ("password", "{'user': 'ann', 'password': 'corr" + "ect-horse'}"),
    ("password", "connect(db_password='Tr0ub" + "4dor&3')"),
    ("password", 'os.environ["PGPASSWORD"] = "x"; os.environ["DB_PASSWORD"] = "Tr0' + 'ub4"'),
    ("secret", "token = '" + HEX + "'"),
    ("secret", 'WANDB_API_KEY: str = "' + HEX[:40] + '"'),
    ("secret", 'os.environ["KAGGLE_SECRET"] = "' + HEX[:32] + '"'),
    ("secret", "client_secret='550e8400-e29b-41d4-a716-446655440000'"),
    ("environment", "%env WANDB_API_KEY=" + HEX[:40]),
    ("environment", "!export DB_PASSWORD='Tr0ub4" + "dor3'"),
]

HARMLESS = [
    "password = getpass.getpass()",
    'password = os.environ["DB_PASSWORD"]',
    'password = ""',
    'password = "password"',
    'password: "<your password>"',
    'password = "${DB_PASSWORD}"',
    'password = "{{ password }}"',
    'password = "********"',
    'password = "changeme"',
    "password = 'your-password-here'",
    'input(type="password")',
    'st.text_input("Password", type="password")',
    'PASSWORD_COLUMN = "pwd_hash"',
    'errors = {"password": "required"}',
    "if not password: raise ValueError('no password')",
    'print("Password: ")',
    'token = "<eos>"',
    'pad_token = "[PAD]"',
    'tokenizer.pad_token = tokenizer.eos_token = "<|endoftext|>"',
    'tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased-v2-2018-10-18")',
    'token = "bert-base-uncased-2018-10-18"',
    'secret_name = "prod/db/main-2024-credential"',
    'secret = "projects/1234567890/secrets/db/versions/1"',
    'api_key = os.getenv("OPENAI_API_KEY")',
    'api_key = "YOUR_API_KEY_1234567890"',
    'api_key = "sk-..."',
    'token = "xxxxxxxxxxxxxxxxxxxx1"',
    "tokens = text.split()",
    'sha256 = "' + HEX + '"',
    'commit = "' + HEX[:40] + '"',
    "from sk-learn-contrib import nothing",
    "risk-adjusted-return-of-the-portfolio-2024-Q3-with-fees",
    "gl" + "pat-your-token-goes-here-please",
    "hf_this_is_a_function_name_of_mine(model)",
    "aws_access_key_id = 'AK" + "IAIOSFODNN7EXAMPLE'",
    "aws_secret_access_key = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'",
    "create_engine('postgresql://user:password@localhost/db')",
    "create_engine(f'postgresql://{user}:{password}@{host}/db')",
    "create_engine('postgresql://$USER:$PASS@host/db')",
    "urlopen('https://example.org:8080/a@b')",
    "git@host:team/repo.git",
    "headers={'Authorization': f'Bearer {token}'}",
    "headers={'Authorization': 'Bearer ' + token}",
    "headers={'Authorization': 'Bearer YOUR_ACCESS_TOKEN_HERE'}",
    'if "-----BEGIN PRIVATE ' + 'KEY-----" in text: pass',
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0",
    "%env CUDA_VISIBLE_DEVICES=0",
    "export TOKENIZERS_PARALLELISM=false",
    "export API_KEY=$MY_KEY_FROM_ELSEWHERE",
    "export HF_TOKEN=your_token_here",
    "dapi = requests.get(url)",
    "eyJ = 3",
    "keyboard_token: str = 'abc'",
    '"image/png": "iVBORw0KGgoAAAANSUhEUgAAA' + MIXED * 4 + '"',
]


def found(text: str) -> list[str]:
    return [rule["name"] for rule in RULES if compiled(rule).search(text)]


def compiled(rule) -> re.Pattern[str]:
    return re.compile(rule["pattern"], re.ASCII | (re.IGNORECASE if rule["ignore_case"] else 0))


@pytest.mark.parametrize(("rule", "text"), LEAKS)
def test_what_looks_like_a_credential_is_found_by_its_rule(rule, text):
    assert rule in found(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_talks_about_credentials_is_left_alone(text):
    assert found(text) == []


def test_every_rule_has_an_example_and_a_sentence():
    assert {rule["name"] for rule in RULES} == {name for name, _ in LEAKS}
    assert all(re.fullmatch(r"This looks like [^.]+\.", rule["sentence"]) for rule in RULES)


@pytest.mark.skipif(shutil.which("node") is None, reason="the lab's engine is JavaScript's")
def test_javascript_and_python_find_the_same():
    texts = [text for _, text in LEAKS] + HARMLESS
    program = """
      const [rules, texts] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
      const seen = text => rules.filter(r =>
        new RegExp(r.pattern, r.ignore_case ? 'i' : '').test(text)).map(r => r.name);
      console.log(JSON.stringify(texts.map(seen)));
    """
    answer = subprocess.run(
        ["node", "-e", program],
        input=json.dumps([RULES, texts]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(answer.stdout) == [found(text) for text in texts]


#: Long runs of what each rule begins with, or goes on with: what makes bad patterns slow.
HOSTILE = ["eyJ", "token", "password='", "a", "1A", "_", "https://a", "://:", "sk-a", "gh" + "p_"]
HOSTILE += ["-----BEGIN ", "[=", "export ", "aws_secret_", "hf_a", "AIza", " ", "&sig=", "xoxb-1"]
HOSTILE += ["authorization: basic ", "secret='a-", "a1~", "?token=1", "wJ/+", "dapi0", "\n"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_makes_a_rule_search_for_long(piece):
    """Fails by its time-out. Catches ``aws[a-z_]*secret[a-z_]*`` in place of bounded parts."""
    found(piece * (400_000 // len(piece)))
