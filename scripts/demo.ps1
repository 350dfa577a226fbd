# Builds and runs the demo on Windows, five requests with falling delays; installs what is missing
# but Visual Studio and Python.
#
#   scripts\demo.ps1 [ARGUMENT...]    arguments are the demo's own: --help
. (Join-Path $PSScriptRoot 'lib.ps1')

$build = 'build-demo'
Initialize-Build $build @('-Dexamples=enabled', '-Dtests=disabled') | Out-Null
Invoke-Checked meson @('compile', '-C', $build, 'examples/delayed_requests') | Out-Null
& "$build\examples\delayed_requests.exe" @args
exit $LASTEXITCODE
