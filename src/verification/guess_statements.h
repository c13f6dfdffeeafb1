// The statements of which a guess is made, in the order in which they must run (challenge_store.cc).
#pragma once

#include <vector>

#include "storage/statement.h"
#include "verification/challenge_store.h"

namespace kriya::verification {

/// Counts the guess against the address, the challenge and the number. Each waits for its row, and each depends on the
/// one before.
std::vector<storage::BoundStatement> count_statements(const Guess& guess, Timestamp now);

/// Closes the challenge if the counted guess has the hash of one of its codes.
storage::BoundStatement compare_statement(const Guess& guess, Timestamp now);

/// Closes the challenge as solved by this guess, on the provider's word.
storage::BoundStatement accept_statement(const Guess& guess, Timestamp now);

/// What follows from a guess: a challenge without guesses left is closed, a closed one forgets its codes and what it
/// carried, a right guess clears the number's failures and marks its messages as answered, a failed one may be an
/// event. The last statement reads the state for `guess_state`.
std::vector<storage::BoundStatement> consequence_statements(const Guess& guess, Timestamp now);

/// From the rows of the last of those.
GuessState guess_state(const storage::Rows& rows, const Guess& guess, Timestamp now);

}  // namespace kriya::verification
