"""Made samples and a tiny tokenizer, shared by the unit tests."""

from __future__ import annotations

import random
from pathlib import Path

from loresmith.families.family import Family
from loresmith.lower.conversation import Conversation, Message
from loresmith.render.tokens import Sample, Tokens
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers


def byte_tokenizer(folder: Path, family: Family) -> Tokens:
    """A tokenizer of single bytes with the family's special tokens, saved and read back."""
    alphabet = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>", "<|im_start|>", "<|im_end|>"]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in special])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    return Tokens(folder, family)


def conversation(split: str = "train", name: str = "one") -> Conversation:
    """A conversation of one call with its result."""
    return Conversation.model_validate(
        {
            "id": name,
            "path": f"{name}.md",
            "category": "combat",
            "split": split,
            "weight": 1.0,
            "party": ["Lyra"],
            "messages": (
                Message(role="system", content="You are the DM."),
                Message(role="user", content="I look."),
                Message(
                    role="assistant",
                    content="You look. [roll: perception]",
                    expected_calls=("[roll: perception]",),
                ),
                Message(role="user", content="<TOOLCALL>perception: 9 + 5(skill) = *14*</TOOLCALL>"),
                Message(role="assistant", content="A key."),
            ),
        }
    )


def made_samples(count: int, vocabulary: int, seed: int = 0) -> list[Sample]:
    """Samples of random ids, of different lengths, each with two supervised spans."""
    chance = random.Random(seed)
    samples: list[Sample] = []
    for number in range(count):
        length = chance.randrange(20, 40)
        samples.append(
            Sample(
                id=f"s{number}",
                path=f"s{number}.md",
                category="combat",
                weight=chance.choice((1.0, 2.0)),
                party=("Lyra",),
                ids=tuple(chance.randrange(3, vocabulary) for _ in range(length)),
                spans=((5, 9), (12, length)),
                deeds=((6, 8), (length - 1, length)),
                messages=(),
            )
        )
    return samples
