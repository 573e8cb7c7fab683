#!/usr/bin/perl
# scripts/lint_rules.pl <file>...: rules that neither the compiler nor clang-tidy knows.
#   names   nothing is called util, helper, common or manager
#   seams   in checkpoint/ and runtime/ the world (threads, time, files, randomness, environment) comes through a seam;
#           exceptions: scripts/seams_allowed.txt
#   order   nobody walks an absl hash table there or in operators/ and base/: its order differs from run to run
#   twice   no two files define a type of one name: linked into one program, the destructor of one destroys the other
use strict;
use warnings;

my @seams = (
  ['thread',        qr/\bstd::j?thread\b(?!::)/,                          'a thread comes from the executor'],
  ['sleep',         qr/\b(?:sleep_for|sleep_until|usleep|nanosleep)\s*\(/, 'waiting is a timer of the executor'],
  ['clock',         qr/\b(?:system|steady|high_resolution)_clock::now\b|\b(?:clock_gettime|gettimeofday)\s*\(/,
                                                                           'time comes from the clock that you were given'],
  ['random',        qr/\bstd::random_device\b|\bstd::rand\b/,              'randomness comes from the seam, seeded'],
  ['environment',   qr/\b(?:std::|secure_)?getenv\s*\(/,                   'settings come from the configuration'],
  ['file',          qr/(?<![\w>\)])::(?:open|openat|creat)\s*\(|\b(?:std::)?fopen\s*\(|\bstd::[io]?fstream\b/,
                                                                           'files are opened through the file seam'],
  ['socket',        qr/(?<![\w>\)])::(?:socket|connect|accept4?)\s*\(/,    'connections come from the transport'],
);

my (%allowed, %used);
if (open my $in, '<', 'scripts/seams_allowed.txt') {
  while (<$in>) {
    next if /^\s*(#|$)/;
    my ($path, $rule, $reason) = /^(\S+)\s+(\S+)\s+(\S.*)$/
      or die "scripts/seams_allowed.txt:$.: expected: <path> <rule> <reason>\n";
    $allowed{"$path $rule"} = 1;
  }
}

my ($bad, %types) = (0);
sub report {
  my ($file, $line, $rule, $text) = @_;
  if ($allowed{"$file $rule"}) { $used{"$file $rule"} = 1; return; }
  print "$file:$line: [$rule] $text\n";
  $bad = 1;
}

# Blanks comments and literals, keeping line numbers.
sub code_of {
  my ($text) = @_;
  my $blank = sub { my $s = shift; $s =~ s/[^\n]/ /g; $s };
  $text =~ s{(R"([^(\s]*)\(.*?\)\2"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'|//[^\n]*|/\*.*?\*/)}{$blank->($1)}gse;
  return $text;
}
sub slurp { my $f = shift; open my $in, '<', $f or return ''; local $/; my $s = <$in>; return defined $s ? $s : ''; }

# Types that a file defines in a namespace that has a name, as namespace::type.
sub types_of {
  my ($code) = @_;
  my (@open, @types);
  while ($code =~ /\bnamespace\s*([\w:]*)\s*(?:\[\[[^\]]*\]\]\s*)?\{|^(?:class|struct|union|enum|enum class) (\w+)(?: final)?\s*(?::[^:;(){}][^;(){}]*)?\{|([{}])/gm) {
    if (defined $3 && $3 eq '}') { pop @open; next; }
    if (defined $1) { push @open, $1 eq '' ? '{' : $1; next; }
    push @types, join('::', @open, $2) if defined $2 && !grep { $_ eq '{' } @open;
    push @open, '{';
  }
  return @types;
}

# Names of variables and members declared as absl::flat_hash_* or node_hash_* in a text.
sub hash_tables {
  my ($code) = @_;
  my @names;
  while ($code =~ /\babsl::(?:flat|node)_hash_(?:map|set)\s*(<(?:[^<>;]|(?1))*>)\s*&?\s*(\w+)\s*(?=[;={,)]|ABSL_|GUARDED)/g) { push @names, $2; }
  return @names;
}

for my $file (@ARGV) {
  my ($name) = $file =~ m{([^/]+)$};
  for my $word (split /[_.]/, $name) {
    report($file, 1, 'name', "'$word' says nothing; name the file after what it decides") if $word =~ /^(utils?|helpers?|common|managers?|impl2)$/;
  }
  my $code = code_of(slurp($file));
  # Programs of one file each, which no other is linked into.
  push @{$types{$_}}, $file for $file =~ m{^(?:bench|tests/fuzz|tests/compile_fail)/} ? () : types_of($code);
  next unless $file =~ m{^(base|checkpoint|runtime|operators)/};

  if ($file =~ m{^(checkpoint|runtime)/}) {
    my $number = 0;
    for my $line (split /\n/, $code) {
      ++$number;
      for my $seam (@seams) {
        report($file, $number, $seam->[0], $seam->[2] . ' (or add a line to scripts/seams_allowed.txt)') if $line =~ $seam->[1];
      }
    }
  }

  (my $header = $file) =~ s/\.cc$/.h/;
  my %tables = map { $_ => 1 } hash_tables($code), $header ne $file ? hash_tables(code_of(slurp($header))) : ();
  next unless %tables;
  my $names = join '|', map { quotemeta } keys %tables;
  while ($code =~ /\bfor\s*\([^;()]*:\s*(?:this->|\w+(?:\.|->))?($names)\s*\)|\b($names)\.c?begin\s*\(/g) {
    my $table = $1 || $2;
    my $line = 1 + (substr($code, 0, $-[0]) =~ tr/\n//);
    report($file, $line, 'order', "walks the hash table '$table', whose order differs from run to run; sort, or keep a list");
  }
}

for my $type (sort keys %types) {
  my ($first, @more) = @{$types{$type}};
  report($_, 1, 'twice', "$type is defined in $first too") for @more;
}

for my $entry (sort keys %allowed) {
  print "note: scripts/seams_allowed.txt: '$entry' is not needed any more\n" unless $used{$entry};
}
exit $bad;
