# Builds and runs all tests on Windows; installs what is missing but Visual Studio and Python. Ends
# with `N passed, N failed, N skipped`.
#
#   scripts\test.ps1 [-Build DIR] [ARGUMENT...]
#
#   -Build DIR   build folder (default: build)
#   ARGUMENT     for `meson setup`: -Dbuildtype=debug
#   CXX          in the environment: clang-cl takes Clang instead of MSVC
param(
  [string] $Build = 'build',
  [Parameter(ValueFromRemainingArguments)] [string[]] $MesonArguments = @()
)
. (Join-Path $PSScriptRoot 'lib.ps1')

try {
  Initialize-Build $Build (@('-Dtests=enabled', '-Dexamples=enabled') + $MesonArguments)
  Invoke-Checked meson @('compile', '-C', $Build)
} catch {
  Write-Output $_
  Write-Output '0 passed, 1 failed, 0 skipped'
  exit 1
}

Remove-Item -ErrorAction SilentlyContinue (Join-Path $Build 'meson-logs\testlog.json')
# The example programs' tests watch processes as POSIX systems show them.
& meson test -C $Build --no-rebuild --print-errorlogs --no-suite examples
$status = $LASTEXITCODE
& python scripts\count_tests.py $Build
if ($status -eq 0) {
  $status = $LASTEXITCODE
}
exit $status
