#include "fiber.h"

#include <sys/mman.h>

#include <new>

#include "sanitizer.h"

namespace cuda_on_host {

namespace {

constexpr std::size_t page = 4096;

}  // namespace

Fiber::Fiber() {
  void* memory =
      mmap(nullptr, stack_bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, page, PROT_NONE);  // a stack that grows too far ends here
  stack_ = static_cast<char*>(memory) + page;
}

Fiber::~Fiber() { munmap(stack_ - page, stack_bytes + page); }

void Fiber::start(void (*body)(void*), void* argument) {
  unpoison(stack_, stack_bytes);  // of frames that were dropped
  body_ = body;
  argument_ = argument;
  own_fake_stack_ = nullptr;
  context_ = boost::context::detail::make_fcontext(stack_ + stack_bytes, stack_bytes, &Fiber::enter);
}

void Fiber::enter(boost::context::detail::transfer_t from) {
  auto* self = static_cast<Fiber*>(from.data);
  finish_switch(nullptr, &self->scheduler_stack_, &self->scheduler_stack_bytes_);
  self->scheduler_ = from.fctx;
  self->body_(self->argument_);
  self->yield(true);
}

void Fiber::resume() {
  start_switch(&scheduler_fake_stack_, stack_, stack_bytes);
  const auto back = boost::context::detail::jump_fcontext(context_, this);
  finish_switch(scheduler_fake_stack_, nullptr, nullptr);
  context_ = back.fctx;
}

void Fiber::yield(bool last) {
  start_switch(last ? nullptr : &own_fake_stack_, scheduler_stack_, scheduler_stack_bytes_);
  const auto resumed = boost::context::detail::jump_fcontext(scheduler_, nullptr);
  finish_switch(own_fake_stack_, &scheduler_stack_, &scheduler_stack_bytes_);
  scheduler_ = resumed.fctx;
}

}  // namespace cuda_on_host
