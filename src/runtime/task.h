// The coroutine vocabulary of the whole program. A coroutine stays on the I/O thread that started it.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace kriya {

namespace asio = boost::asio;

/// The concrete executor, so that no type erasure sits on the request path.
using Executor = asio::io_context::executor_type;

/// Parameters are values or references that outlive the call; no capturing lambda is a coroutine.
template <class T>
using Task = asio::awaitable<T, Executor>;

constexpr asio::use_awaitable_t<Executor> use_task;

/// The same, where an error is a value of the result and no exception.
constexpr auto use_result = asio::as_tuple(use_task);

}  // namespace kriya
