// base/for_each_argument.h
// TRIBUTARY_FOR_EACH(macro, fixed, a, b, …): macro(fixed, a) macro(fixed, b) …, for up to 80
// arguments.
//
// Only for the macros of base/record.h and of declared settings.
#pragma once

#define TRIBUTARY_PARENS ()
#define TRIBUTARY_EXPAND(...) TRIBUTARY_EXPAND3(TRIBUTARY_EXPAND3(TRIBUTARY_EXPAND3(__VA_ARGS__)))
#define TRIBUTARY_EXPAND3(...) TRIBUTARY_EXPAND2(TRIBUTARY_EXPAND2(TRIBUTARY_EXPAND2(__VA_ARGS__)))
#define TRIBUTARY_EXPAND2(...) TRIBUTARY_EXPAND1(TRIBUTARY_EXPAND1(TRIBUTARY_EXPAND1(__VA_ARGS__)))
#define TRIBUTARY_EXPAND1(...) TRIBUTARY_EXPAND0(TRIBUTARY_EXPAND0(TRIBUTARY_EXPAND0(__VA_ARGS__)))
#define TRIBUTARY_EXPAND0(...) __VA_ARGS__

#define TRIBUTARY_FOR_EACH(macro, fixed, ...) \
  __VA_OPT__(TRIBUTARY_EXPAND(TRIBUTARY_FOR_EACH_STEP(macro, fixed, __VA_ARGS__)))
#define TRIBUTARY_FOR_EACH_STEP(macro, fixed, first, ...) \
  macro(fixed, first)                                     \
      __VA_OPT__(TRIBUTARY_FOR_EACH_AGAIN TRIBUTARY_PARENS(macro, fixed, __VA_ARGS__))
#define TRIBUTARY_FOR_EACH_AGAIN() TRIBUTARY_FOR_EACH_STEP
